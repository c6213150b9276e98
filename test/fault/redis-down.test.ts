import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { AlertRecord } from "../../src/core/episode.ts";
import { ALERT_INDEXES } from "../../src/flow/removal.ts";
import { startRedis } from "../support/redis.ts";
import { onStage, type Stage } from "./support/stage.ts";
import { ended, post, type Worker } from "./support/workers.ts";

const SECONDS = 1_000;

/** With `everysec` Redis may lose what it confirmed while an fsync took long (ADR 16). */
const ON_DISK_FIRST = { databases: "8", appendfsync: "always" };

/** A run that changes something every two seconds, for longer than Redis is away. */
const PLAYBOOK = `name: respond
match: ['service = "litellm"']
target: settings:gateway
autonomy: { P1: auto }
steps:
  - id: rounds
    for-each: [0.1, 0.2, 0.3, 0.4]
    as: share
    steps: [{ id: share, uses: settings.set, with: { connection: gateway, name: SHED_RATE, value: '$\{{ share }}' } }]
    wait: 2s
on-failure: [escalate]
`;
const ALL = ["SHED_RATE 0.1", "SHED_RATE 0.2", "SHED_RATE 0.3", "SHED_RATE 0.4"];

describe("Redis is killed", { concurrency: true }, () => {
  for (const away of [20, 60]) {
    test(`in mid-run for ${away} s: consumption resumes within 30 s, and nothing that was accepted is lost`, async () => {
      const redis = await startRedis(ON_DISK_FIRST);
      try {
        await onStage(redis, PLAYBOOK, async (stage) => {
          const worker = await stage.start();
          assert.equal(await post(worker), 202);
          await stage.until("the second round", () => stage.effects().length === 2);
          await redis.kill();
          const died = performance.now();
          assert.equal(await post(worker, { service: "refused" }), 503);
          await sleep(away * SECONDS - (performance.now() - died));
          assert.equal(await post(worker, { service: "refused" }), 503);
          await redis.restart();
          await accepted(stage, worker);
          await stage.until("consumption to resume", () => stage.effects().length > 2, 30 * SECONDS);
          await stage.until("the whole run", async () => (await stage.journals.runs()).every((run) => run.ended));
          assert.deepEqual(stage.effects(), ALL);
          assert.equal(worker.process.ended(), undefined, "without a restart");
        });
      } finally {
        await redis.stop();
      }
    });
  }

  test("together with stanch: every alert that was answered 202 is there afterwards", async () => {
    const redis = await startRedis(ON_DISK_FIRST);
    try {
      await onStage(redis, PLAYBOOK, async (stage) => {
        const worker = await stage.start();
        const kept: string[] = [];
        const half = Promise.withResolvers<void>();
        // Ten senders, each waiting for its answer: however slow the machine, ten calls at most are under way when all dies.
        const sending = Array.from({ length: 10 }, async (_, lane) => {
          for (let n = lane; n < 300; n += 10) {
            const answer = await post(worker, { service: `s${n}` }).catch(() => 0);
            if (answer === 202) kept.push(`s${n}`);
            if (kept.length >= 150) half.resolve();
          }
        });
        await Promise.race([half.promise, Promise.all(sending)]);
        assert.ok(kept.length >= 150, "half of them are taken");
        await Promise.all([redis.kill(), worker.process.stop("SIGKILL")]);
        await ended(worker);
        await Promise.all(sending);
        assert.ok(kept.length < 300, "the crash came too late");
        await redis.restart();
        await stage.start();
        const missing = async () => {
          const found = await services(stage.journals);
          return kept.filter((service) => !found.has(service));
        };
        await stage.until("all to be assessed", async () => (await missing()).length === 0);
      });
    } finally {
      await redis.stop();
    }
  });
});

/** The same process takes alerts again, and they come through to the end. */
async function accepted({ until, journals }: Stage, worker: Worker): Promise<void> {
  const taken = async () => (await post(worker, { service: "after" })) === 202;
  await until("an alert to be taken again", taken, 30 * SECONDS);
  const assessed = async () => (await services(journals)).has("after");
  await until("it to be assessed", assessed, 30 * SECONDS);
}

async function services({ store }: Stage["journals"]): Promise<ReadonlySet<string>> {
  const { members } = await store.page(ALERT_INDEXES, { limit: 1_000 });
  const docs = await store.getMany<AlertRecord>("alert", members);
  return new Set(docs.flatMap((doc) => doc?.body.alert.labels["service"] ?? []));
}
