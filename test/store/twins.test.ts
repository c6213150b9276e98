import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import type { EpisodeState } from "../../src/core/episode.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { startRedisStore } from "../support/redis-store.ts";
import { group } from "./suite/subject.ts";

const { admin, ...real } = await startRedisStore({ appendonly: "no" });

const MINUTE = 60_000;
const FINGERPRINTS = ["a", "b", "c"];

/** Times far enough from the two minutes' tolerance that a slow test cannot cross it. */
const minutes = fc.constantFrom(-9, -5, -1, 0, 1, 5);
const item = fc.record(
  {
    fingerprint: fc.constantFrom(...FINGERPRINTS),
    status: fc.constantFrom("firing" as const, "firing" as const, "resolved" as const, "unknown" as const),
    starts: minutes,
    ends: minutes,
    summary: fc.constantFrom("x", "y"),
  },
  { requiredKeys: ["fingerprint", "status", "starts", "summary"] },
);
const source = fc.constantFrom("alertmanager" as const, "cloudwatch" as const);
const body = fc.record({
  source,
  key: fc.constantFrom("g1", "g2"),
  items: fc.array(item, { minLength: 1, maxLength: 3 }),
});
const vanishing = fc.record({ source, vanish: fc.constantFrom(...FINGERPRINTS), opening: fc.constantFrom(1, 2) });

/** What must agree: everything but the moments at which the two were asked. */
function comparable(state: EpisodeState | undefined): unknown {
  return state && { ...state, openedAt: 0, lastSeen: 0, endsAt: state.endsAt === undefined ? undefined : "set" };
}

it("Redis and its memory twin answer any sequence of bodies alike", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 9, arbitrary: body }, vanishing), { maxLength: 12 }),
      async (steps) => {
        await admin.flushall();
        const twin = createMemoryStore();
        const t0 = Date.now();
        for (const step of steps) {
          const [ours, theirs] = await Promise.all([real, twin].map(({ intake }) => run(intake, step, t0)));
          assert.deepEqual(ours, theirs);
        }
      },
    ),
    { numRuns: 150 },
  );
});

type Made<A> = A extends fc.Arbitrary<infer T> ? T : never;
type Body = Made<typeof body>;
type Vanishing = Made<typeof vanishing>;
type Step = Body | Vanishing;

async function run(intake: typeof real.intake, step: Step, t0: number): Promise<unknown> {
  const answer = "vanish" in step ? await vanish(intake, step) : await accept(intake, step, t0);
  const keys = FINGERPRINTS.map((fingerprint) => ({ source: step.source, fingerprint }));
  const entries = await intake.read({ count: 9, block: 0 });
  return {
    answer,
    states: (await intake.states(keys)).map(comparable),
    entries: entries.map(({ changed }) => changed),
  };
}

function vanish(intake: typeof real.intake, { source, vanish, opening }: Vanishing): Promise<boolean> {
  return intake.vanish({ source, fingerprint: vanish }, opening);
}

function accept(intake: typeof real.intake, { source, key, items }: Body, t0: number) {
  const at = (offset: number): number => t0 + offset * MINUTE;
  const alerts = items.map(({ fingerprint, status, starts, ends, summary }) => ({
    fingerprint,
    status,
    startsAt: at(starts),
    annotations: { summary },
    ...(status === "resolved" && ends !== undefined ? { endsAt: at(ends) } : {}),
  }));
  return intake.accept(...group(alerts, key, source));
}
