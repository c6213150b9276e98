import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createHumanTask } from "../../src/actions/people/human-task.ts";
import type { Config, EscalationLevel } from "../../src/core/config.ts";
import type { TimelineEntry } from "../../src/core/timeline.ts";
import { decide } from "../../src/flow/decide/decide.ts";
import type { PageEvent } from "../../src/flow/page.ts";
import { poisonWrites } from "../../src/flow/poison.ts";
import { createWakeHandler } from "../../src/flow/wake.ts";
import { ALERT, ANNA, CONFIG, constant, createWorld, playbook, scripted, step, type World } from "../support/engine.ts";
import { changeIncident, minutes } from "../support/incident.ts";

const MINUTE = 60_000;

const LEVELS: readonly EscalationLevel[] = [
  { after: 0, when: "needs-person", severities: ["P0", "P1", "P2"], notify: ["slack:@oncall"] },
  {
    after: 15 * MINUTE,
    when: "unmitigated",
    severities: ["P0", "P1"],
    notify: ["slack:@lead", "pagerduty:platform"],
  },
  { after: 30 * MINUTE, when: "unmitigated", severities: ["P0"], notify: ["slack:@vp"] },
];

/** What PagerDuty got, and whether it answers. */
type Pager = { events: (PageEvent & { connection: string })[]; up: boolean };

/** A chat that has posted everything as soon as it is asked to, unless it is down. */
function callWorld(levels = LEVELS): { world: World; pager: Pager; chat: { up: boolean } } {
  const world = createWorld({ ...CONFIG, escalation: levels } as Config);
  const pager: Pager = { events: [], up: true };
  const chat = { up: true };
  world.deps.page = async (connection, event) => {
    if (!pager.up) return { ok: false, message: "paging platform: no answer" };
    pager.events.push({ connection, ...event });
    return { ok: true };
  };
  world.deps.publish = async (id) => {
    const delivered = await world.store.length(`timeline:${id}`);
    const write = chat.up ? ({ write: "undue", member: `chat:${id}` } as const) : undefined;
    const at = world.clock.now() + 30_000;
    await world.store.commit({
      checks: [],
      writes: write
        ? [write, { write: "put", kind: "chat", id, body: { delivered, approvals: {} } }]
        : [{ write: "due", member: `chat:${id}`, at }],
    });
  };
  return { world, pager, chat };
}

async function calls(world: World): Promise<readonly string[]> {
  const entries = await world.store.list<TimelineEntry>("timeline:inc-1");
  return entries.filter((one) => one.notify !== undefined).map((one) => `${one.notify?.join(" ")} | ${one.text}`);
}

/** A playbook that waits for people for an hour and does nothing by then. */
function asking(world: World): void {
  scripted(world.actions, "t.do");
  world.playbooks.set("p", playbook("p", [step("a", "t.do")], { autonomy: { P0: "approve", P1: "approve" } }));
}

describe("levels in the engine", () => {
  test("an approval that nobody gave in time calls, where its policy says so", async () => {
    for (const onExpiry of ["escalate", "deny"] as const) {
      const { world } = callWorld();
      asking(world);
      const { approvals } = world.deps.config;
      const policy = { ...approvals.default, onExpiry };
      world.deps.config = { ...world.deps.config, approvals: { ...approvals, default: policy } };
      await world.open("p");
      await world.pass(16 * MINUTE);
      const lapsed = (line: string) => /nobody decided apr-\S+ in time: p on thing:one/.test(line);
      assert.equal((await calls(world)).some(lapsed), onExpiry === "escalate");
    }
  });

  test("where nothing is left after an approval has lapsed, its lapse is the one call", async () => {
    const { world } = callWorld(LEVELS.slice(0, 1));
    asking(world);
    await world.open("p");
    await minutes(world, 40);
    const [asked, lapsed, ...rest] = await calls(world);
    assert.match(asked ?? "", /approval apr-\w+ waits: p on thing:one$/);
    assert.match(lapsed ?? "", /nobody decided apr-\w+ in time: p on thing:one/);
    assert.deepEqual(rest, []);
    const told = (await world.store.list<TimelineEntry>("timeline:inc-1")).map(({ text }) => text);
    assert.ok(told.includes("no playbook is left for thing:one after p"), "it is said in passing");
  });

  test("an approval calls at once, without anybody looking at the incident", async () => {
    const { world } = callWorld();
    asking(world);
    await world.open("p");
    await world.drain();
    const [call, ...rest] = await calls(world);
    assert.match(call ?? "", /^slack:@oncall \| P0: approval apr-\w+ waits: p on thing:one$/);
    assert.deepEqual(rest, []);
  });

  test("an open task calls at once, and no more once it is done", async () => {
    const { world } = callWorld();
    world.actions.set("human.task", createHumanTask(world.store));
    const ask = "call the provider\nand ask for a date";
    const steps = [step("ask", "human.task", { with: constant({ ask }), timeout: 60 * MINUTE })];
    world.playbooks.set("p", playbook("p", steps, { onFailure: [] }));
    const run = await world.open("p");
    await world.drain();
    const [call, ...rest] = await calls(world);
    assert.match(call ?? "", /^slack:@oncall \| P0: task tsk-\w+ waits: call the provider and ask for a date$/);
    assert.deepEqual(rest, []);
    const [task = ""] = (await world.store.page("tasks:open", { limit: 1 })).members;
    await decide(world.deps, ANNA, { verb: "complete", task });
    await world.pass(MINUTE);
    assert.equal((await world.run(run)).ended?.state, "succeeded");
    const before = (await calls(world)).length;
    await changeIncident(world, (incident) => ({ ...incident, opening: 2, reopenedAt: world.clock.now() }));
    assert.deepEqual((await calls(world)).slice(before), ["slack:@oncall | P0: no playbook is left to try"]);
  });

  test("an unmitigated incident climbs the levels by the clock and pages with its id; recovery ends the page", async () => {
    const { world, pager } = callWorld();
    world.playbooks.set("p", playbook("p", [{ kind: "wait", id: "w", for: 120 * MINUTE }]));
    await world.open("p");
    await minutes(world, 40);
    assert.deepEqual(
      (await calls(world)).map((call) => call.split(" |")[0]),
      ["slack:@lead pagerduty:platform", "slack:@vp"],
    );
    assert.equal(pager.events.length, 1);
    assert.deepEqual(pager.events[0], {
      connection: "platform",
      action: "trigger",
      dedupKey: "inc-1",
      summary: "inc-1 a is down: P0: not mitigated 15m after it opened",
      source: "service=a",
      severity: "critical",
    });
    await changeIncident(world, (incident) => ({ ...incident, status: "resolved", resolvedAt: world.clock.now() }));
    await minutes(world, 60);
    assert.deepEqual(pager.events.at(-1), { connection: "platform", action: "resolve", dedupKey: "inc-1" });
    assert.equal(pager.events.length, 2, "told once each");
  });

  test("ack holds them back until it runs out; a severity rise does not wait for that", async () => {
    const { world } = callWorld();
    world.playbooks.set("p", playbook("p", [{ kind: "wait", id: "w", for: 500 * MINUTE }]));
    await world.open("p", { severity: "P1" });
    await minutes(world, 14);
    await decide(world.deps, ANNA, { verb: "ack", incident: "inc-1" });
    await minutes(world, 20);
    assert.deepEqual(await calls(world), []);
    await minutes(world, 11);
    assert.equal((await calls(world)).length, 1, "the acknowledgement has run out");
    await decide(world.deps, ANNA, { verb: "ack", incident: "inc-1" });
    await minutes(world, 2);
    await changeIncident(world, (incident) => ({ ...incident, severity: "P0" }));
    assert.match((await calls(world)).at(-1) ?? "", /^slack:@lead pagerduty:platform slack:@vp \|/);
  });

  test("an exhausted ladder calls, and says why", async () => {
    const { world } = callWorld();
    scripted(world.actions, "t.fail", {
      answer: () => ({ ok: false, reason: "denied", message: "no", retryable: false, sent: "refused" }),
    });
    world.playbooks.set("p", playbook("p", [step("a", "t.fail")]));
    await world.open("p");
    await minutes(world, 2);
    assert.deepEqual(await calls(world), ["slack:@oncall | P0: no playbook is left to try"]);
  });

  test("an unknown outcome calls at once, even on an incident that has recovered meanwhile", async () => {
    const { world } = callWorld();
    scripted(world.actions, "t.lost", {
      answer: () => ({ ok: false, reason: "timeout", message: "no answer", retryable: true, sent: "unknown" }),
    });
    world.playbooks.set("p", playbook("p", [step("a", "t.lost")]));
    await world.open("p", { status: "resolved", resolvedAt: 1_000_000 });
    await world.pass(MINUTE);
    const found = await calls(world);
    assert.equal(found.length, 1);
    assert.match(found[0] ?? "", /^slack:@oncall \| P0: run run-\w+ waits for an answer:/);
  });

  test("a lease that cannot be undone calls, also after the incident is over", async () => {
    const { world } = callWorld();
    const refused = { ok: false, reason: "conflict", message: "changed by hand", retryable: false, sent: "refused" };
    scripted(world.actions, "t.set", {
      effect: "reversible",
      answer: (call) => (call === 1 ? { ok: true, done: true, output: {} } : (refused as never)),
      revert: () => ({ uses: "t.set", with: {} }),
    });
    const lease = { for: 10 * MINUTE, releaseWhen: [], onEnd: { kind: "revert" as const } };
    world.playbooks.set("p", playbook("p", [step("a", "t.set", { with: constant({}), lease })]));
    await world.open("p");
    await world.pass(MINUTE);
    await changeIncident(world, (incident) => ({ ...incident, status: "resolved", resolvedAt: world.clock.now() }));
    await world.pass(12 * MINUTE);
    const found = await calls(world);
    assert.equal(found.length, 1);
    assert.match(
      found[0] ?? "",
      /^slack:@oncall \| P0: lease lea-\w+ could not be undone \(changed by hand\): do t.set \(revert or extend it, or cancel rev-\w+ to leave things as they are\)$/,
    );
  });
});

describe("calls that do not come through", () => {
  test("Slack down: the next level is called after a minute, and PagerDuty's answer counts as delivery", async () => {
    const { world, pager, chat } = callWorld();
    chat.up = false;
    asking(world);
    await world.open("p");
    await world.pass(2 * MINUTE);
    const heads = (await calls(world)).map((call) => call.split(" |")[0]);
    assert.deepEqual(heads, ["slack:@oncall", "slack:@lead pagerduty:platform"]);
    assert.equal(pager.events.length, 1);
    await world.pass(5 * MINUTE);
    assert.equal((await calls(world)).length, 2, "PagerDuty has taken it");
  });

  test("PagerDuty down: tried again every minute, said once, the same key", async () => {
    const { world, pager } = callWorld();
    pager.up = false;
    world.playbooks.set("p", playbook("p", [{ kind: "wait", id: "w", for: 120 * MINUTE }]));
    await world.open("p");
    await minutes(world, 20);
    const said = (await world.timeline()).filter((line) => line.startsWith("PagerDuty (platform) could not be told"));
    assert.equal(said.length, 1);
    pager.up = true;
    await minutes(world, 2);
    assert.deepEqual(
      pager.events.map((event) => [event.action, event.dedupKey]),
      [["trigger", "inc-1"]],
    );
  });

  test("two workers at once make one call", async () => {
    const { world } = callWorld();
    asking(world);
    await world.open("p");
    const handle = createWakeHandler(world.deps);
    const signal = new AbortController().signal;
    const [run] = (await world.store.page("runs", { limit: 1 })).members;
    await handle(`run:${run}`, signal, signal);
    await Promise.all(Array.from({ length: 5 }, () => handle("follow:inc-1", signal, signal)));
    assert.equal((await calls(world)).length, 1);
  });
});

test("nothing configured, nothing stored: no level, no document", async () => {
  const { world } = callWorld([]);
  asking(world);
  await world.open("p");
  await minutes(world, 3);
  assert.deepEqual(await calls(world), []);
  assert.equal(await world.store.get("escalation", "inc-1"), undefined);
  assert.ok(!(await world.store.due(50)).some((one) => one.member.startsWith("follow:")));
});

test("alerts that could not be assessed call people, level after level", async () => {
  const { world, pager } = callWorld();
  await world.store.commit(await poisonWrites(world.store, [ALERT], world.clock.now()));
  await world.pass(MINUTE);
  assert.deepEqual(await calls(world), [
    "slack:@oncall | P1: accepted alerts could not be assessed; look at the alerts with state poison",
  ]);
  await world.pass(15 * MINUTE);
  assert.deepEqual(
    pager.events.map(({ connection, action }) => [connection, action]),
    [["platform", "trigger"]],
  );
});
