import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../src/core/config.ts";
import type { Incident } from "../../src/core/incident.ts";
import { silentLog } from "../../src/core/log.ts";
import type { TimelineEntry } from "../../src/core/timeline.ts";
import { decide } from "../../src/flow/decide/decide.ts";
import { incidentView } from "../../src/flow/desk/incident-view.ts";
import { escalateIncident } from "../../src/flow/escalate.ts";
import { ANNA, CONFIG, createWorld, playbook, type World } from "../support/engine.ts";
import { changeIncident, losing, minutes } from "../support/incident.ts";
import { publisher, START } from "../support/publisher.ts";

const MINUTE = 60_000;
const LEVELS = [{ after: 15 * MINUTE, when: "unmitigated", severities: ["P0", "P1"], notify: ["pagerduty:platform"] }];

async function calls({ store }: World): Promise<number> {
  const entries = await store.list<TimelineEntry>("timeline:inc-1");
  return entries.filter((one) => one.notify !== undefined).length;
}

function rise(world: World): Promise<void> {
  return changeIncident(world, (incident) => ({ ...incident, severity: "P0" }), "follow:inc-1");
}

test("what calls anew ends an acknowledgement for everybody to see, and it can be given again", async () => {
  const world = createWorld({ ...CONFIG, escalation: LEVELS } as Config);
  const rests = async () => (await incidentView(world.store, "inc-1"))?.restsUntil !== undefined;
  world.playbooks.set("p", playbook("p", [{ kind: "wait", id: "w", for: 500 * MINUTE }]));
  await world.open("p", { severity: "P1" });
  await minutes(world, 16);
  await decide(world.deps, ANNA, { verb: "ack", incident: "inc-1" });
  await minutes(world, 2);
  assert.equal(await rests(), true);
  await rise(world);
  const { acknowledged } = (await incidentView(world.store, "inc-1"))?.incident ?? {};
  assert.deepEqual([await rests(), acknowledged?.by], [false, "anna (api)"]);
  assert.ok(acknowledged && acknowledged.until <= world.clock.now());
  await decide(world.deps, ANNA, { verb: "ack", incident: "inc-1" });
  await minutes(world, 20);
  assert.deepEqual([await rests(), await calls(world)], [true, 2]);
  await minutes(world, 11);
  assert.equal(await rests(), false, "it has run out");
});

test("an acknowledgement is looked at again when it ends", async () => {
  const acknowledged = { by: "anna", at: START, until: START + MINUTE };
  const { chat, look, pass, isDue } = await publisher({ acknowledged });
  const shown: boolean[] = [];
  chat.answer = async ({ restsUntil }) => {
    shown.push(restsUntil !== undefined);
    return { ok: true };
  };
  await look();
  assert.equal(await isDue(), false);
  pass(MINUTE);
  assert.equal(await isDue(), true);
  await look();
  assert.deepEqual(shown, [true, false]);
});

async function toldEnds(world: World): Promise<readonly string[]> {
  return (await world.timeline()).filter((text) => text.includes("acknowledgement"));
}

test("the timeline says why an acknowledgement has ended, once", async () => {
  const world = createWorld({ ...CONFIG, escalation: LEVELS } as Config);
  world.playbooks.set("p", playbook("p", [{ kind: "wait", id: "w", for: 500 * MINUTE }]));
  await world.open("p", { severity: "P1" });
  await minutes(world, 1);
  await decide(world.deps, ANNA, { verb: "ack", incident: "inc-1" });
  await rise(world);
  await minutes(world, 3);
  assert.deepEqual(await toldEnds(world), ["the acknowledgement of anna (api) has ended: the severity is P0 now"]);
  await decide(world.deps, ANNA, { verb: "ack", incident: "inc-1" });
  const doc = await world.store.get<Incident>("incident", "inc-1");
  const body = { ...doc?.body, opening: 2, reopenedAt: world.clock.now() };
  await world.store.commit({ checks: [], writes: [{ write: "put", kind: "incident", id: "inc-1", body }] });
  await minutes(world, 1);
  const [again = "", ...rest] = (await toldEnds(world)).slice(1);
  assert.ok(again.startsWith("the acknowledgement of anna (api) has ended: it has come back"), again);
  assert.deepEqual(rest, []);
});

test("so it does without levels, with the need that calls", async () => {
  const world = createWorld();
  losing(world);
  const run = await world.open("p");
  await decide(world.deps, ANNA, { verb: "ack", incident: "inc-1" });
  await minutes(world, 3);
  const [told = "", ...rest] = await toldEnds(world);
  assert.ok(told.startsWith(`the acknowledgement of anna (api) has ended: run ${run} waits for an answer: `), told);
  assert.deepEqual(rest, []);
});

test("an acknowledgement that ends while it is posted is shown ended by the same turn, though no level is due yet", async () => {
  const acknowledged = { by: "anna", at: START, until: START + 30 * MINUTE };
  const open = { opening: 1, openedAt: START, key: "service=a", severity: "P1", acknowledged } as const;
  const { store, chat, look, commit, pass } = await publisher(open);
  const config = { ...CONFIG, escalation: LEVELS } as Config;
  const deps = { store, queue: { wake: async () => {} }, config, log: silentLog };
  const escalate = async () => {
    const doc = await store.get<Incident>("incident", "inc-1");
    if (doc) await escalateIncident(deps, doc);
  };
  await escalate();
  pass(MINUTE);
  const shown: boolean[] = [];
  chat.answer = async ({ incident, restsUntil }) => {
    shown.push(restsUntil !== undefined);
    if (shown.length > 1) return { ok: true };
    await commit({ write: "put", kind: "incident", id: "inc-1", body: { ...incident, severity: "P0" } });
    await escalate();
    return { ok: true };
  };
  await look();
  assert.deepEqual(shown, [true, false]);
});
