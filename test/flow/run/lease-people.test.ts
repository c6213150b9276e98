import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../../src/core/config.ts";
import type { Incident } from "../../../src/core/incident.ts";
import type { Lease } from "../../../src/core/lease.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { composeReport } from "../../../src/flow/report/report.ts";
import { renderLease } from "../../../src/http/render.ts";
import { ANNA, CONFIG, playbook, type World } from "../../support/engine.ts";
import { calmField, leased, leaseForAnHour } from "../../support/field-world.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;
const PAUSED = "target:thing:one";
const notify = ["pagerduty:platform"];
const CALLING = {
  ...CONFIG,
  escalation: [{ after: 0, when: "needs-person", severities: ["P0", "P1", "P2"], notify }],
} as Config;

/** A field, and what PagerDuty is told. */
function fieldAndPages() {
  const { world, field, written } = calmField(CALLING);
  const pages: string[] = [];
  world.deps.page = async (_connection, event) => {
    pages.push(event.action === "trigger" ? event.summary : event.action);
    return { ok: true };
  };
  return { world, field, written, pages };
}

/** One playbook has set the field for an hour. */
async function leasedWorld() {
  const { world, field, written, pages } = fieldAndPages();
  return { world, field, written, pages, ...(await leaseForAnHour(world)) };
}

async function resolveIncident({ store, clock, drain }: World): Promise<void> {
  const doc = await store.get<Incident>("incident", "inc-1");
  assert.ok(doc);
  const body = { ...doc.body, status: "resolved", resolvedAt: clock.now() };
  await store.commit({
    checks: [],
    writes: [
      { write: "put", kind: "incident", id: "inc-1", body },
      { write: "due", member: "follow:inc-1", at: 0 },
    ],
  });
  await drain();
}

test("who cancels the undoing of a lease keeps the change: nothing undoes it again, and the timeline says who", async () => {
  const { world, written, lease } = await leasedWorld();
  await decide(world.deps, ANNA, { verb: "pause", scope: PAUSED });
  await world.pass(HOUR + MINUTE);
  await decide(world.deps, ANNA, { verb: "cancel", run: (await lease()).revertRun ?? "", reason: "we still need it" });
  await decide(world.deps, ANNA, { verb: "resume", scope: PAUSED });
  await world.pass(HOUR);
  assert.deepEqual(written, ["on"]);
  assert.deepEqual([(await lease()).status, (await lease()).keptBy?.by], ["kept", "anna (api)"]);
  assert.match(
    (await world.timeline()).at(-1) ?? "",
    /ended, as anna \(api\) cancelled its undoing: what it has changed stays/,
  );
});

test("an older lease does not undo what a person kept by cancelling", async () => {
  const { world, field, lease } = await leasedWorld();
  await decide(world.deps, ANNA, { verb: "extend", lease: (await lease()).id, for: 5 * HOUR });
  world.playbooks.set("young", playbook("young", [leased("full", 1)]));
  await world.open("young", { id: "inc-2", key: "service=b" });
  await world.pass(MINUTE);
  await decide(world.deps, ANNA, { verb: "pause", scope: PAUSED });
  await world.pass(HOUR);
  const [young = ""] = (await world.store.page("leases", { limit: 1 })).members;
  const run = (await world.store.get<Lease>("lease", young))?.body.revertRun ?? "";
  assert.equal((await decide(world.deps, ANNA, { verb: "cancel", run })).ok, true);
  await decide(world.deps, ANNA, { verb: "resume", scope: PAUSED });
  await world.pass(6 * HOUR);
  assert.deepEqual([field.value, (await lease()).status], ["full", "superseded"]);
});

test("who aborts an undoing whose outcome is unknown keeps what there is: it is not called again", async () => {
  const { world, lease } = await leasedWorld();
  const real = world.actions.get("t.set");
  assert.ok(real);
  let calls = 0;
  const lost = { ok: false, reason: "timeout", message: "no answer", retryable: true, sent: "unknown" } as const;
  world.actions.set("t.set", {
    ...real,
    async run() {
      calls++;
      return lost;
    },
  });
  await world.pass(HOUR + MINUTE);
  await decide(world.deps, ANNA, { verb: "answer", run: (await lease()).revertRun ?? "", answer: "abort" });
  await world.pass(HOUR);
  assert.deepEqual([calls, (await lease()).status], [1, "kept"]);
});

test("a lease is extended while its undoing waits, and undone at the new end", async () => {
  const { world, field, id, lease } = await leasedWorld();
  await decide(world.deps, ANNA, { verb: "pause", scope: PAUSED });
  await world.pass(HOUR + MINUTE);
  assert.equal((await lease()).status, "reverting");
  assert.equal((await decide(world.deps, ANNA, { verb: "extend", lease: id, for: HOUR })).ok, true);
  await decide(world.deps, ANNA, { verb: "resume", scope: PAUSED });
  await world.pass(50 * MINUTE);
  assert.deepEqual([field.value, (await lease()).status], ["on", "active"]);
  await world.pass(11 * MINUTE);
  assert.deepEqual([field.value, (await lease()).status], ["off", "reverted"]);
});

test("of two clicks on one message, or of two people, one extends a lease; what was typed adds to it", async () => {
  const { world, id, lease } = await leasedWorld();
  const { endsAt } = await lease();
  const ben = { ...ANNA, name: "ben", person: "ben" };
  const click = { verb: "extend", lease: id, for: HOUR, extensions: 0 } as const;
  const clicks = await Promise.all([decide(world.deps, ANNA, click), decide(world.deps, ben, click)]);
  assert.deepEqual(clicks.map(({ ok }) => ok).toSorted(), [false, true]);
  const told = clicks.find(({ ok }) => !ok)?.sentence ?? "";
  assert.match(
    told,
    /^lease \S+ was extended already, by (anna|ben) \(api\), and ends \S+ \S+Z; `extend \S+ 30m` extends it further$/,
  );
  assert.deepEqual([(await lease()).endsAt - endsAt, (await lease()).extendedBy?.length], [HOUR, 1]);
  assert.equal((await decide(world.deps, ben, { ...click, extensions: 1 })).ok, true);
  assert.equal((await decide(world.deps, ben, { verb: "extend", lease: id, for: HOUR })).ok, true);
  assert.equal((await lease()).endsAt - endsAt, 3 * HOUR);
});

test("what was extended, and reverted since, is kept by a click on a message that shows neither", async () => {
  const { world, field, id, lease } = await leasedWorld();
  await decide(world.deps, ANNA, { verb: "extend", lease: id, for: HOUR });
  await decide(world.deps, ANNA, { verb: "pause", scope: PAUSED });
  await decide(world.deps, ANNA, { verb: "revert", lease: id });
  assert.equal((await decide(world.deps, ANNA, { verb: "extend", lease: id, for: HOUR, extensions: 0 })).ok, true);
  await decide(world.deps, ANNA, { verb: "resume", scope: PAUSED });
  await world.pass(50 * MINUTE);
  assert.deepEqual([field.value, (await lease()).status], ["on", "active"]);
});

test("a lease is not extended any more once its undoing has been called", async () => {
  const { world, id } = await leasedWorld();
  const real = world.actions.get("t.set");
  assert.ok(real);
  const rolling = { ok: true, done: false, handle: {}, pollAfter: 5_000 } as const;
  world.actions.set("t.set", { ...real, run: async () => rolling, poll: async () => rolling });
  await world.pass(HOUR + MINUTE);
  const decided = await decide(world.deps, ANNA, { verb: "extend", lease: id, for: HOUR });
  assert.match(decided.sentence, /is being undone already/);
});

test("an undoing waits for a running run as long as that takes, says so once, and people are called", async () => {
  const { world, field, written, pages } = fieldAndPages();
  const wait = { kind: "wait" as const, id: "w", for: 4 * HOUR };
  world.playbooks.set("p", playbook("p", [leased("on", 1), wait]));
  await world.open("p");
  await world.pass(HOUR + 5 * MINUTE);
  assert.equal(pages.length, 0);
  await world.pass(10 * MINUTE);
  assert.match(pages.join(), /is due and not undone yet \(thing:one is locked by run-/);
  await world.pass(3 * HOUR);
  const overdue = pages.filter((page) => page.includes("is due and not undone yet"));
  assert.deepEqual([field.value, written, overdue.length], ["off", ["on", "off"], 1]);
  assert.equal((await world.timeline()).filter((line) => line.startsWith("waiting: thing:one")).length, 1);
});

test("a lease that is due under a pause calls people at once", async () => {
  const { world, pages } = await leasedWorld();
  await decide(world.deps, ANNA, { verb: "pause", scope: PAUSED });
  await world.pass(HOUR + MINUTE + 5_000);
  assert.match(pages.join(), /is due and not undone yet \(target:thing:one is paused by anna/);
  await decide(world.deps, ANNA, { verb: "resume", scope: PAUSED });
  await world.pass(MINUTE);
  await resolveIncident(world);
  await world.pass(MINUTE);
  assert.equal(pages.at(-1), "resolve");
  assert.equal(pages.filter((page) => page.includes("is due and not undone yet")).length, 1);
});

test("a person tries a lease again that could not be undone; PagerDuty hears when it is settled, and of a new failure", async () => {
  const { world, field, pages, id, lease } = await leasedWorld();
  field.value = "by hand";
  await world.pass(HOUR + MINUTE);
  assert.deepEqual([(await lease()).status, pages.length], ["failed", 1]);
  assert.equal((await decide(world.deps, ANNA, { verb: "revert", lease: id })).ok, true);
  await world.pass(MINUTE);
  assert.deepEqual([field.value, (await lease()).status, pages.length], ["by hand", "failed", 2]);
  await resolveIncident(world);
  assert.equal(pages.length, 2, "it still needs somebody");
  field.value = "on";
  await decide(world.deps, ANNA, { verb: "revert", lease: id });
  await world.pass(MINUTE);
  assert.deepEqual([field.value, (await lease()).status, pages[2]], ["off", "reverted", "resolve"]);
});

test("a lease that could not be undone can be extended instead: nobody is needed until its new end", async () => {
  const { world, field, pages, id, lease } = await leasedWorld();
  field.value = "by hand";
  await world.pass(HOUR + MINUTE);
  assert.equal((await decide(world.deps, ANNA, { verb: "extend", lease: id, for: HOUR })).ok, true);
  await resolveIncident(world);
  assert.deepEqual([(await lease()).status, pages.at(-1)], ["active", "resolve"]);
  field.value = "on";
  await world.pass(HOUR + MINUTE);
  assert.deepEqual([field.value, (await lease()).status], ["off", "reverted"]);
});

test("a person leaves things as they are where a lease could not be undone: it ends, and nobody is needed", async () => {
  const { world, field, pages, lease } = await leasedWorld();
  field.value = "by hand";
  await world.pass(HOUR + MINUTE);
  const run = (await lease()).revertRun ?? "";
  assert.match(pages.join(), new RegExp(`cancel ${run} to leave things as they are`));
  assert.equal((await decide(world.deps, ANNA, { verb: "cancel", run })).ok, true);
  await resolveIncident(world);
  await world.pass(HOUR);
  assert.deepEqual([field.value, (await lease()).status, pages.at(-1)], ["by hand", "kept", "resolve"]);
  assert.equal((await decide(world.deps, ANNA, { verb: "cancel", run })).ok, false);
});

test("a revert that was taken back names nobody any more, and the next one who reverts it stands again", async () => {
  const { world, id, lease } = await leasedWorld();
  const shown = async () => {
    const report = (await composeReport(world.store, "inc-1")) ?? "";
    const [, by] = /^- .*?; (?:active|reverting|reverted), ends [^,]*, by (\w+)/m.exec(report) ?? [];
    return [by, (renderLease(await lease()) as { revertedBy: { by: string } | null }).revertedBy?.by];
  };
  await decide(world.deps, ANNA, { verb: "pause", scope: PAUSED });
  assert.equal((await decide(world.deps, ANNA, { verb: "revert", lease: id })).ok, true);
  await world.drain();
  assert.deepEqual(await shown(), ["anna", "anna (api)"]);
  const ben = { ...ANNA, name: "ben", person: "ben" };
  assert.equal((await decide(world.deps, ben, { verb: "extend", lease: id, for: HOUR })).ok, true);
  assert.deepEqual(await shown(), [undefined, undefined]);
  await decide(world.deps, ANNA, { verb: "resume", scope: PAUSED });
  await decide(world.deps, ben, { verb: "revert", lease: id });
  await world.drain();
  assert.deepEqual([(await lease()).status, ...(await shown())], ["reverted", "ben", "ben (api)"]);
});
