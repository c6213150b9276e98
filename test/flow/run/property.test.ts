import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ActionResult } from "../../../src/core/action.ts";
import type { Approval } from "../../../src/core/approval.ts";
import type { Playbook, Step } from "../../../src/core/playbook/playbook.ts";
import type { Store } from "../../../src/core/store.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import {
  ANNA,
  CONFIG,
  condition,
  constant,
  createWorld,
  playbook,
  scripted,
  step,
  verify,
} from "../../support/engine.ts";
import { assertPromises } from "../../support/promises.ts";
import { assertFree, assertOpen, type Hands, hold, unlessClosed } from "./hands.ts";

/** What one call of an action does, and whether the worker lives on. */
const Behaviour = fc.constantFrom(
  "done",
  "done",
  "done",
  "refused",
  "not-sent",
  "lost-done",
  "lost-not-done",
  "crash-before",
  "crash-after",
  "rollout-done",
  "rollout-fails",
  "rollout-fails",
);
type Behaviour = typeof Behaviour extends fc.Arbitrary<infer T> ? T : never;

const CRASHED: ActionResult = {
  ok: false,
  reason: "target_failed",
  message: "crashed",
  retryable: false,
  sent: "refused",
};

const Leaf = fc.record({
  kind: fc.constantFrom("read", "set", "restart", "drop", "wait"),
  attempts: fc.integer({ min: 1, max: 3 }),
  continues: fc.boolean(),
  condition: fc.constantFrom("none", "true", "false", "unknown"),
  leased: fc.boolean(),
  group: fc.constantFrom("", "", "g", "h"),
});
type Leaf = {
  kind: string;
  attempts: number;
  continues: boolean;
  condition: string;
  leased: boolean;
  group: string;
};

const Scenario = fc.record({
  blocks: fc.array(
    fc.record({
      block: fc.constantFrom("none", "none", "switch", "for-each", "parallel"),
      leaves: fc.array(Leaf, { minLength: 1, maxLength: 2 }),
    }),
    {
      minLength: 1,
      maxLength: 3,
    },
  ),
  autonomy: fc.constantFrom("auto", "auto", "approve", "observe"),
  onFailure: fc.constantFrom("revert", "escalate"),
  verified: fc.boolean(),
  recovers: fc.boolean(),
  behaviours: fc.array(Behaviour, { minLength: 0, maxLength: 12 }),
  commitsLost: fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 3 }),
  decisions: fc.array(
    fc.record({
      after: fc.integer({ min: 0, max: 900 }),
      what: fc.oneof(
        fc.constantFrom("approve", "reject", "cancel", "pause", "resume", "resolve", "done", "not-done", "abort"),
        fc.constantFrom("take", "release", "close"),
      ),
    }),
    {
      maxLength: 6,
    },
  ),
});
type Scenario = typeof Scenario extends fc.Arbitrary<infer T> ? T : never;

const CONDITIONS = {
  none: undefined,
  true: condition("true", () => true),
  false: condition("false", () => false),
  unknown: condition("unknown", () => undefined),
};

function stepsOf(scenario: Scenario): Step[] {
  let number = 0;
  const leaf = (one: Leaf, readOnly: boolean): Step => {
    const id = `s${number++}`;
    const when = CONDITIONS[one.condition as keyof typeof CONDITIONS];
    const gate = when === undefined ? {} : { if: when };
    if (one.kind === "wait" && !readOnly) return { kind: "wait", id, for: 30_000, ...gate };
    const uses = readOnly || one.kind === "wait" ? "t.read" : `t.${one.kind}`;
    const lease =
      one.leased && uses === "t.set"
        ? { lease: { for: 600_000, releaseWhen: [], onEnd: { kind: "revert" as const } } }
        : {};
    const group = one.group === "" ? {} : { group: one.group };
    return step(id, uses, {
      retry: { attempts: one.attempts, delay: 1_000, backoff: "constant" },
      continueOnError: one.continues,
      with: constant({ id }),
      ...gate,
      ...lease,
      ...group,
    });
  };
  return scenario.blocks.flatMap(({ block, leaves }): Step[] => {
    const id = `b${number++}`;
    if (block === "switch")
      return [
        {
          kind: "switch",
          id,
          cases: [{ when: condition("true", () => true), steps: leaves.map((one) => leaf(one, false)) }],
          default: [],
        },
      ];
    if (block === "for-each")
      return [
        {
          kind: "for-each",
          id,
          as: "item",
          items: constant([1, 2]),
          steps: leaves.map((one) => leaf(one, false)),
          wait: 20_000,
        },
      ];
    if (block === "parallel")
      return [
        { kind: "parallel", id, steps: leaves.map((one) => leaf(one, true)).filter((one) => one.kind === "action") },
      ];
    return leaves.map((one) => leaf(one, false));
  });
}

/** Loses a worker at the chosen commits: before it reached the store, or after. */
function losing(
  lost: readonly number[],
  world: () => ReturnType<typeof createWorld> | undefined,
): (store: Store) => Store {
  let commits = 0;
  return (store) => ({
    ...store,
    async commit(tx) {
      const mutating = tx.writes.some((write) => write.write === "append" && write.list.startsWith("run:"));
      const number = mutating && world()?.atWork() ? commits++ : -1;
      const index = lost.indexOf(number);
      if (index >= 0 && index % 2 === 0) return world()?.die() as Promise<never>;
      const committed = await store.commit(tx);
      return index >= 0 ? (world()?.die() as Promise<never>) : committed;
    },
  });
}

async function play(scenario: Scenario): Promise<void> {
  let made: ReturnType<typeof createWorld> | undefined;
  const lost = losing(scenario.commitsLost, () => made);
  const config = {
    ...CONFIG,
    limits: { ...CONFIG.limits, maxConcurrentRuns: 1, budget: [{ runs: 3, per: 3_600_000 }] },
  };
  const world = createWorld(config, lost);
  made = world;
  const behaviours = [...scenario.behaviours] as Behaviour[];
  const effects = new Map<string, number>();
  const faults: unknown[] = [];
  let cancelled = false;
  const hands: Hands = { taken: false, paused: false, closed: false };
  const took = async (stepKey: string, undo: boolean): Promise<void> => {
    effects.set(stepKey, (effects.get(stepKey) ?? 0) + 1);
    assert.deepEqual(await world.store.pauses(), [], "no effect while paused");
    assertFree(hands);
    const run = await world.run(stepKey.split("/")[0] ?? "");
    assert.equal(run.ended, undefined, "no effect after the end");
    assertOpen(hands, run.created.trigger);
    if (undo || run.created.trigger === "revert") return;
    assert.equal(cancelled, false, "no effect after cancel");
    assert.notEqual(run.created.autonomy, "observe", "no effect while observing");
    const isRecent = world.clock.now() - run.created.at < 3_600_000;
    if (isRecent) assert.ok((await world.store.spent("global", 3_600_000)) >= 1, "no effect without a budget");
    if (run.created.autonomy === "approve") assert.ok(run.grants.length > 0, "no effect without a grant");
  };
  for (const name of ["t.set", "t.restart", "t.drop"]) {
    scripted(world.actions, name, {
      effect: name === "t.set" ? "reversible" : name === "t.drop" ? "destructive" : "disruptive",
      conditional: name === "t.set",
      ...(name === "t.set" ? { revert: (input) => ({ uses: "t.set", with: { ...input, undo: true } }) } : {}),
      reconcile: async (_input, ctx) =>
        effects.has(ctx.stepKey)
          ? { verdict: "done", result: { ok: true, done: true, output: {} } }
          : { verdict: "not-done", detail: "not seen" },
      poll: async ({ behaviour }) => (behaviour === "rollout-done" ? { ok: true, done: true, output: {} } : CRASHED),
      async run(input, ctx): Promise<ActionResult> {
        ctx.fence();
        const behaviour = behaviours.shift() ?? "done";
        const effect = ["done", "lost-done", "crash-after", "rollout-done", "rollout-fails"].includes(behaviour);
        // What an action throws becomes an outcome, so that it would fail nothing here.
        if (effect) await took(ctx.stepKey, input["undo"] === true).catch((fault: unknown) => void faults.push(fault));
        if (behaviour.startsWith("crash")) return world.die();
        if (behaviour === "done") return { ok: true, done: true, output: {} };
        if (behaviour.startsWith("rollout")) return { ok: true, done: false, handle: { behaviour }, pollAfter: 5_000 };
        if (behaviour === "refused")
          return { ok: false, reason: "denied", message: "refused", retryable: true, sent: "refused" };
        if (behaviour === "not-sent")
          return { ok: false, reason: "unreachable", message: "not sent", retryable: true, sent: "no" };
        return { ok: false, reason: "timeout", message: "no answer", retryable: true, sent: "unknown" };
      },
    });
  }
  scripted(world.actions, "t.read", {
    effect: "read",
    answer: () => ({ ok: true, done: true, output: { ok: scenario.recovers } }),
  });
  const one: Playbook = playbook("p", stepsOf(scenario), {
    autonomy: { P0: scenario.autonomy },
    onFailure: [scenario.onFailure],
    ...(scenario.verified ? { verify: verify("t.read", { within: 60_000 }) } : {}),
  });
  world.playbooks.set("p", one);
  const id = await world.open("p");
  let clock = 0;
  for (const { after, what } of scenario.decisions.toSorted((a, b) => a.after - b.after)) {
    await world.pass((after - clock) * 1_000);
    clock = after;
    if (what === "cancel") cancelled = (await decide(world.deps, ANNA, { verb: "cancel", run: id })).ok || cancelled;
    await hold(world, hands, what);
    await people(world, id, what);
  }
  for (const what of ["resume", "release"]) await hold(world, hands, what);
  await world.pass(4 * 3_600_000);
  await settleAll(world);
  if (faults.length > 0) throw faults[0];
  assert.notEqual((await world.run(id)).ended, undefined, "every run ends");
  await unlessClosed(hands, () => assertPromises(world, id, one));
  for (const [stepKey, count] of effects) assert.ok(count <= 1, `${stepKey} took effect ${count} times`);
  assert.deepEqual(await world.store.locks(["thing:one"]), {}, "ended runs hold no lock");
}

/** Answers what is open until no run is under way. */
async function settleAll(world: ReturnType<typeof createWorld>): Promise<void> {
  for (let rounds = 0; rounds < 30; rounds++) {
    const active = await world.store.page("runs:active", { limit: 50 });
    if (active.members.length === 0) return;
    for (const run of active.members) await decide(world.deps, ANNA, { verb: "answer", run, answer: "abort" });
    await world.pass(600_000);
  }
}

async function people(world: ReturnType<typeof createWorld>, id: string, what: string): Promise<void> {
  const run = await world.run(id);
  if (what === "done" || what === "abort") await decide(world.deps, ANNA, { verb: "answer", run: id, answer: what });
  if ((what === "approve" || what === "reject") && run.asked) {
    await decide(world.deps, ANNA, { verb: what, approval: run.asked.approvalId });
    assert.notEqual((await world.store.get<Approval>("approval", run.asked.approvalId))?.body.status, "withdrawn");
  }
  if (what !== "resolve") return;
  const item = { kind: "resolved", at: world.clock.now() };
  await world.store.commit({
    checks: [],
    writes: [
      { write: "append", list: `inbox:${id}`, items: [item] },
      { write: "remove", set: "incident:inc-1:firing", members: ["one"] },
      { write: "due", member: `run:${id}`, at: 0 },
    ],
  });
}

test("whatever the playbook, the outcomes, the decisions and the crashes: at most one effect per step, none unwanted, an end always", async () => {
  await fc.assert(fc.asyncProperty(Scenario, play), { numRuns: 150 });
});
