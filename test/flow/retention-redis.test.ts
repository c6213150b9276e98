import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { CHATS_BEHIND } from "../../src/core/chat.ts";
import type { Config } from "../../src/core/config.ts";
import type { Incident } from "../../src/core/incident.ts";
import { decide } from "../../src/flow/decide/decide.ts";
import { RETENTION_SWEEP, sweepRetention } from "../../src/flow/retention-sweep.ts";
import { connectRedisStore, type RedisBackend } from "../../src/store/redis/index.ts";
import { ANNA, CONFIG, createWorld, playbook, scripted, step } from "../support/engine.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { createDisk, REPORTS } from "./report/world.ts";

let redis: TestRedis;
let backend: RedisBackend;

before(async () => {
  redis = await startRedis();
  backend = connectRedisStore({ url: redis.url, durability: { kind: "everysec" } });
});
after(async () => {
  await backend.close();
  await redis.stop();
});

/** An incident with a run that asked, changed and leased, an alert, a note and a report; closed by a person. */
async function livedThrough(retention: number) {
  const escalation: Config["escalation"] = [
    { after: 0, when: "needs-person", severities: ["P0"], notify: ["slack:@oncall"] },
  ];
  const world = createWorld(
    { ...CONFIG, retention, reports: { ...REPORTS, postMortemWithin: retention }, escalation } as Config,
    () => backend.store,
  );
  world.deps.files = createDisk().files;
  scripted(world.actions, "t.set", { effect: "reversible", revert: () => ({ uses: "t.set", with: {} }) });
  const lease = { for: 1, releaseWhen: [], onEnd: { kind: "revert" as const } };
  world.playbooks.set("p", playbook("p", [step("a", "t.set", { lease })], { autonomy: { P0: "approve" } }));
  await world.open("p");
  await world.drain();
  const [approval = ""] = await world.store.members("incident:inc-1:approvals");
  await decide(world.deps, ANNA, { verb: "approve", approval });
  await world.drain();
  await sleep(5);
  await world.drain();
  // Slack refused all the while, so that the incident was never shown to its end.
  const behind = { write: "index", index: CHATS_BEHIND, member: "inc-1", score: 1 } as const;
  await world.store.commit({ checks: [], writes: [behind] });
  await decide(world.deps, ANNA, { verb: "close", incident: "inc-1" });
  await world.drain();
  return world;
}

test("on Redis nothing of a removed incident is left but what expires by itself", async () => {
  // Long enough for its end to be seen before it is over, also on a slow machine.
  const world = await livedThrough(1_500);
  const reader = new Redis(redis.url);
  try {
    for (let tries = 0; tries < 1_000 && (await world.store.get<Incident>("incident", "inc-1")); tries++) {
      await sleep(5);
      await world.drain();
    }
    await sweepRetention({ store: backend.store, config: world.deps.config });
    const keys = (await reader.keys("*")).sort();
    const lasting = [];
    for (const key of keys) if ((await reader.pttl(key)) < 0) lasting.push(key);
    assert.deepEqual(lasting, ["{stanch}:due", "{stanch}:index:targets:seen"]);
    assert.deepEqual(await reader.zrange("{stanch}:due", "0", "-1"), [RETENTION_SWEEP]);
  } finally {
    reader.disconnect();
  }
});
