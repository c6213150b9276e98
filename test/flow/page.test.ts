import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../src/core/config.ts";
import type { Incident } from "../../src/core/incident.ts";
import { followIncident } from "../../src/flow/follow.ts";
import { CONFIG, createWorld, playbook, type World } from "../support/engine.ts";

const MINUTE = 60_000;
const ESCALATION = [{ after: 0, when: "unmitigated", severities: ["P0"], notify: ["pagerduty:platform"] }];

/** An open incident that calls PagerDuty, which answers a trigger when it is told to. */
async function slowPager(): Promise<{ world: World; sent: string[]; answer(): void }> {
  const world = createWorld({ ...CONFIG, escalation: ESCALATION } as unknown as Config);
  world.playbooks.set("p", playbook("p", [{ kind: "wait", id: "w", for: 120 * MINUTE }]));
  const sent: string[] = [];
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  world.deps.page = async (_connection, { action }) => {
    sent.push(action);
    if (action === "trigger") await answered;
    return { ok: true };
  };
  await world.open("p");
  await world.store.commit({ checks: [], writes: [{ write: "due", member: "follow:inc-1", at: 0 }] });
  return { world, sent, answer };
}

/** Lets what was started run on until this holds. */
async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_000 && !holds(); turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function recover({ store, clock }: World): Promise<void> {
  const doc = await store.get<Incident>("incident", "inc-1");
  const body = { ...doc?.body, status: "resolved", resolvedAt: clock.now() };
  await store.commit({
    checks: [],
    writes: [
      { write: "put", kind: "incident", id: "inc-1", body },
      { write: "due", member: "follow:inc-1", at: 0 },
    ],
  });
}

test("many workers at once page once, and recovery ends the page", async () => {
  const { world, sent, answer } = await slowPager();
  const workers = [1, 2, 3].map(() => followIncident(world.deps, "inc-1"));
  await until(() => sent.length > 0);
  answer();
  await Promise.all(workers);
  await world.pass(MINUTE);
  assert.deepEqual(sent, ["trigger"]);
  await recover(world);
  await world.pass(MINUTE);
  assert.deepEqual(sent, ["trigger", "resolve"]);
});

test("a page that is on its way when the incident recovers is ended after it", async () => {
  const { world, sent, answer } = await slowPager();
  const worker = followIncident(world.deps, "inc-1");
  await until(() => sent.length > 0);
  await recover(world);
  await followIncident(world.deps, "inc-1");
  assert.deepEqual(sent, ["trigger"]);
  answer();
  await worker;
  await world.pass(MINUTE);
  assert.deepEqual(sent, ["trigger", "resolve"]);
});

test("a page that is on its way for the second time when the incident recovers is ended after it", async () => {
  const { world, sent, answer } = await slowPager();
  const slow = world.deps.page;
  world.deps.page = async () => ({ ok: false, message: "no answer" });
  await followIncident(world.deps, "inc-1");
  if (slow) world.deps.page = slow;
  const later = world.leap(2 * MINUTE);
  await until(() => sent.length > 0);
  await recover(world);
  await followIncident(world.deps, "inc-1");
  answer();
  await later;
  await world.pass(MINUTE);
  assert.deepEqual(sent, ["trigger", "resolve"]);
});

test("what a worker that died was sending is sent again", async () => {
  const { world, sent } = await slowPager();
  void followIncident(world.deps, "inc-1");
  await until(() => sent.length > 0);
  world.deps.page = async (_connection, { action }) => {
    sent.push(action);
    return { ok: true };
  };
  await world.pass(MINUTE);
  assert.deepEqual(sent, ["trigger", "trigger"]);
});
