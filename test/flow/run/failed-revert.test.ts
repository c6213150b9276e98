import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import type { ActionResult } from "../../../src/core/action.ts";
import type { Config } from "../../../src/core/config.ts";
import type { Demotion } from "../../../src/core/demotion.ts";
import { AppError } from "../../../src/core/errors.ts";
import type { Incident } from "../../../src/core/incident.ts";
import type { Playbook, Step } from "../../../src/core/playbook/playbook.ts";
import type { TimelineEntry } from "../../../src/core/timeline.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, CONFIG, createWorld, oneRound, playbook, scripted, step, verify } from "../../support/engine.ts";

const MINUTE = 60_000;
const NO: ActionResult = { ok: false, reason: "denied", message: "no", retryable: false, sent: "refused" };
const LEVEL = { after: 0, when: "needs-person", severities: ["P0"], notify: ["pagerduty:platform"] };

/** `t.set` can be undone by `t.back`, which fails; `t.fail` fails. */
function stuckWorld(steps: readonly Step[], more: Partial<Playbook> = {}) {
  const world = createWorld({ ...CONFIG, escalation: [LEVEL] } as unknown as Config);
  const pages: string[] = [];
  world.deps.page = async (_connection, { action }) => {
    pages.push(action);
    return { ok: true };
  };
  scripted(world.actions, "t.set", { effect: "reversible", revert: () => ({ uses: "t.back", with: {} }) });
  const back = scripted(world.actions, "t.back", { effect: "reversible", answer: () => NO });
  scripted(world.actions, "t.fail", { answer: () => NO });
  scripted(world.actions, "t.read", {
    effect: "read",
    answer: () => ({ ok: true, done: true, output: { ok: false } }),
  });
  world.playbooks.set("p", playbook("p", steps, { priority: 9, onFailure: ["revert", "next-playbook"], ...more }));
  return { world, back, pages };
}

async function endOf(world: ReturnType<typeof createWorld>, id: string): Promise<string> {
  const { ended } = await world.run(id);
  return `${ended?.state} ${ended?.reason}`;
}

test("an undoing whose connection is gone ends the run, frees its locks and says what is still as it was changed", async () => {
  for (const gone of ["targets", "revert", "effect"] as const) {
    const { world } = stuckWorld([step("set", "t.set"), step("fail", "t.fail")]);
    const lost = (): never => {
      throw new AppError("invalid_request", "no connection prod any more");
    };
    const name = gone === "revert" ? "t.set" : "t.back";
    const action = world.actions.get(name);
    assert.ok(action);
    world.actions.set(name, { ...action, [gone]: lost });
    const id = await world.open("p");
    await world.pass(MINUTE);
    assert.equal(
      await endOf(world, id),
      "failed revert_failed: undo/set: no connection prod any more (undone because fail: no); still as changed: set",
    );
    assert.deepEqual(await world.store.locks(["thing:one"]), {});
  }
});

test("an undoing that its action does not take any more has failed too", async () => {
  const { world } = stuckWorld([step("set", "t.set"), step("fail", "t.fail")]);
  const back = world.actions.get("t.back");
  assert.ok(back);
  const describe = (): never => {
    throw new AppError("invalid_request", "t.back: name: missing");
  };
  world.actions.set("t.back", { ...back, describe, input: z.object({ name: z.string() }) as typeof back.input });
  const id = await world.open("p");
  await world.pass(MINUTE);
  assert.match(await endOf(world, id), /^failed revert_failed: undo\/set: t\.back does not take name any more/);
});

test("an undoing is tried again by its own terms, whatever the step that it undoes allows", async () => {
  const { world, back } = stuckWorld([step("set", "t.set"), step("fail", "t.fail")]);
  const busy: ActionResult = { ok: false, reason: "throttled", message: "busy", retryable: true, sent: "refused" };
  const answers: ActionResult[] = [busy, busy, { ok: true, done: true, output: {} }];
  const { calls } = scripted(world.actions, "t.back", { effect: "reversible", answer: () => answers.shift() ?? NO });
  const id = await world.open("p");
  await world.pass(MINUTE);
  assert.deepEqual([back.calls.length, calls.length], [0, 3]);
  assert.match(await endOf(world, id), /reverted: set$/);
});

test("where an undoing has failed no other playbook is tried, and people are called until somebody has seen it", async () => {
  const { world, pages } = stuckWorld([step("set", "t.set"), step("fail", "t.fail")]);
  const next = scripted(world.actions, "t.next");
  world.playbooks.set("q", playbook("q", [step("next", "t.next")]));
  await world.open("p");
  await world.pass(5 * MINUTE);
  assert.equal(next.calls.length, 0);
  assert.deepEqual(pages, ["trigger"]);
  const lines = await world.store.list<TimelineEntry>("timeline:inc-1");
  assert.match(lines.find((line) => line.notify)?.text ?? "", /could not undo what it changed on thing:one/);
  const doc = await world.store.get<Incident>("incident", "inc-1");
  assert.ok(doc);
  const over: Incident = { ...doc.body, status: "resolved", resolvedAt: world.clock.now() };
  await world.store.commit({
    checks: [],
    writes: [
      { write: "put", kind: "incident", id: "inc-1", body: over },
      { write: "due", member: "incident:inc-1", at: 0 },
    ],
  });
  await world.pass(MINUTE);
  assert.deepEqual(pages, ["trigger"]);
  assert.equal((await decide(world.deps, ANNA, { verb: "ack", incident: "inc-1" })).ok, true);
  await world.pass(MINUTE);
  assert.deepEqual(pages, ["trigger", "resolve"]);
});

test("an undoing that a guard refuses has failed as well", async () => {
  const { world } = stuckWorld([step("set", "t.set"), step("fail", "t.fail")]);
  const back = world.actions.get("t.back");
  assert.ok(back);
  world.actions.set("t.back", { ...back, targets: () => [] });
  const id = await world.open("p");
  await world.pass(MINUTE);
  assert.match(await endOf(world, id), /^failed revert_failed: undo\/set: denied\./);
});

test("a failed verification counts for the demotion, in a round too and where the undoing has failed after it", async () => {
  const checks = verify("t.read", { within: 30_000 });
  const rounds = oneRound([step("set", "t.set")], checks);
  for (const [steps, more] of [
    [[step("set", "t.set")], { verify: checks }],
    [[rounds], {}],
  ] as const) {
    const { world } = stuckWorld(steps, more);
    for (const id of ["inc-1", "inc-2", "inc-3"]) {
      const run = await world.open("p", { id, key: id });
      await world.pass(5 * MINUTE);
      assert.match(await endOf(world, run), /^failed revert_failed/);
    }
    assert.equal((await world.store.get<Demotion>("demotion", "p"))?.body.demoted, true);
    const said = async (incident: string) => world.store.list<{ text: string }>(`timeline:${incident}`);
    const told =
      /^p asks from now on\. It is demoted: its last 3 runs failed their verification; `stanch reset p` lifts that$/;
    assert.ok((await said("inc-3")).some(({ text }) => told.test(text)));
    assert.ok(!(await said("inc-2")).some(({ text }) => told.test(text)));
  }
});

test("an undoing may take its own time, however short that of what it undoes is", async () => {
  const { world } = stuckWorld([step("set", "t.set", { timeout: 30_000 }), step("fail", "t.fail")]);
  scripted(world.actions, "t.back", {
    effect: "reversible",
    answer: () => ({ ok: true, done: false, handle: {}, pollAfter: 5_000 }),
    poll: async (_handle, { now }) =>
      now < 1_000_000 + 2 * MINUTE
        ? { ok: true, done: false, handle: {}, pollAfter: 5_000 }
        : { ok: true, done: true, output: {} },
  });
  const id = await world.open("p");
  await world.pass(3 * MINUTE);
  assert.equal(await endOf(world, id), "failed fail: no; reverted: set");
});
