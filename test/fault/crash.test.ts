import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { actions } from "../../src/actions/index.ts";
import type { RunEventType } from "../../src/core/run/events.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { SCENARIOS } from "./scenarios.ts";
import type { Point } from "./support/faults.ts";
import { limited } from "./support/limited.ts";
import { CALLS, type Scenario } from "./support/scenario.ts";
import { dieAt, type Left, play } from "./support/trial.ts";

/** Every type of journal event; one that is added to the engine does not compile here until it has its line. */
const EVENT_TYPES = Object.keys({
  created: true,
  facts: true,
  branched: true,
  rounds: true,
  round: true,
  skipped: true,
  intent: true,
  started: true,
  outcome: true,
  waiting: true,
  asked: true,
  granted: true,
  refused: true,
  inbox: true,
  unknown: true,
  answered: true,
  verifying: true,
  checked: true,
  resolved: true,
  reverting: true,
  cancelling: true,
  ended: true,
} satisfies Record<RunEventType, true>);

/** Trials at a time; each is two processes that mostly wait. */
const AT_A_TIME = 8;
const PATIENCE = { timeout: 2_700_000 };

const deaths = new Map<string, Set<Point["when"]>>();
const slot = limited(AT_A_TIME);
let redis: TestRedis;

before(async () => {
  redis = await startRedis({ databases: "1000" });
});
after(() => redis.stop());

describe("a worker that dies at any boundary of a run", { concurrency: true, ...PATIENCE }, () => {
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    test(name, { concurrency: true, ...PATIENCE }, async (t) => {
      const whole = await slot(() => play(redis, scenario));
      assert.equal(whole.state, scenario.ends, whole.said.join("\n"));
      assert.deepEqual(whole.effects, scenario.effects);
      const shown = new Set(whole.commits.flat().map(typeOf));
      for (const type of scenario.shows) assert.ok(shown.has(type), `no event ${type} in the journal`);
      const points = pointsOf(scenario, whole);
      await Promise.all(
        points.map((point) =>
          t.test(`${point.when} ${point.keys.join(", ")}`, PATIENCE, () => tryPoint(scenario, point)),
        ),
      );
    });
  }
});

test("every type of journal event had a worker die before and after it", () => {
  const missing = EVENT_TYPES.flatMap((type) =>
    (["before", "after"] as const).filter((when) => !deaths.get(type)?.has(when)).map((when) => `${when} ${type}`),
  );
  assert.deepEqual(missing, []);
});

test("every action that changes something has a scenario", () => {
  const texts = Object.values(SCENARIOS).map((scenario) => scenario.playbook);
  const changing = [...actions.values()].filter(({ effect }) => effect !== "read").map(({ name }) => name);
  const missing = changing.filter((name) => !texts.some((text) => text.includes(`uses: ${name}`)));
  assert.deepEqual(
    missing,
    ["alertmanager.expire-silence"],
    "it is the undo of alertmanager.silence, and tried with it",
  );
});

type Boundary = Point & { keys: readonly string[] };

/** Before and after each commit of the undisturbed run; how a run is created is the same in every scenario, so one tries it. */
function pointsOf(scenario: Scenario, whole: Left): readonly Boundary[] {
  const wanted = new Set<string>(scenario.only ?? EVENT_TYPES);
  if (!scenario.shows.includes("created")) wanted.delete("created");
  const known = new Set<string>();
  return whole.commits.flatMap((keys) => {
    const [key = ""] = keys;
    if (known.has(key) || !keys.some((one) => wanted.has(typeOf(one)))) return [];
    known.add(key);
    const times = isCall(scenario, keys) ? (["after"] as const) : (["before", "after"] as const);
    return times.map((when) => ({ key, keys, when }));
  });
}

/** Where only one call is tried, what comes before its intent is as in every other scenario. */
function isCall({ only }: Scenario, keys: readonly string[]): boolean {
  return only === CALLS && keys.some((key) => typeOf(key) === "intent");
}

async function tryPoint(scenario: Scenario, { keys, ...point }: Boundary): Promise<void> {
  const left = await slot(() => dieAt(redis, scenario, point));
  for (const type of keys.map(typeOf)) deaths.set(type, (deaths.get(type) ?? new Set()).add(point.when));
  const doubted = keys.some(
    (key) => key.startsWith("run ") && scenario.doubts?.some((doubt) => doubt === `${point.when} ${typeOf(key)}`),
  );
  assert.equal(left.state, doubted ? "unknown_outcome" : scenario.ends, left.said.join("\n"));
  if (doubted) assert.match(left.said.join("\n"), /outcome unknown at .* Answer done, not-done or abort/);
  const most = doubted ? scenario.effects.slice(0, left.effects.length) : scenario.effects;
  assert.deepEqual(left.effects, most, "each step takes effect at most once");
}

function typeOf(key: string): string {
  return key.split(" ")[1] ?? "";
}
