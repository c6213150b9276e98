import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../../src/core/config.ts";
import type { Actor } from "../../../src/core/decision.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, CONFIG, createWorld, playbook, scripted, step } from "../../support/engine.ts";

const BEN: Actor = { ...ANNA, name: "ben", person: "ben" };
const CARA: Actor = { name: "cara", via: "slack", role: "operator", slackUser: "U3" };

/** Two people have to agree; `group` is read at each decision, so a test changes it as a reload would. */
async function asked(
  group: Partial<Config["approvals"]["groups"][string]>,
  policy: Partial<Config["approvals"]["default"]> = {},
) {
  const oncall = { people: ["anna", "ben"], slackUsers: [], slackUserGroups: [], apiTokens: [], ...group };
  const base = { ...CONFIG.approvals.default, required: 2, ...policy };
  const approvals = { ...CONFIG.approvals, default: base, groups: { oncall } };
  const world = createWorld({ ...CONFIG, approvals });
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("a", "t.act")], { autonomy: { P0: "approve" } }));
  const id = await world.open("p");
  await world.drain();
  const approval = (await world.run(id)).asked?.approvalId ?? "";
  const approve = (who: Actor) => decide(world.deps, who, { verb: "approve", approval });
  return { ...world, act, oncall, approve };
}

test("who has left the group counts no more when the last vote comes, and the timeline says so", async () => {
  const { act, approve, drain, oncall, timeline } = await asked({ people: ["anna", "ben", "cleo"] });
  await approve(ANNA);
  oncall.people = ["ben", "cleo"];
  const second = await approve(BEN);
  assert.match(second.sentence, /1 more approval/);
  await drain();
  assert.equal(act.calls.length, 0);
  assert.match((await timeline()).join("\n"), /what anna \(api\) has said of apr-\S+ counts no more: not in oncall/);
  await approve({ ...ANNA, name: "cleo", person: "cleo" });
  await drain();
  assert.equal(act.calls.length, 1);
});

test("who is in the group only by Slack counts while they are in it, and not when that cannot be read", async () => {
  const world = await asked({ slackUserGroups: ["S1"] });
  const members = new Set(["U3"]);
  let readable = true;
  world.deps.slackGroup = async () => {
    if (!readable) throw new Error("no answer");
    return members;
  };
  assert.equal((await world.approve(CARA)).ok, true);
  readable = false;
  const unread = await world.approve(BEN);
  assert.equal(unread.ok, false);
  assert.match(unread.sentence, /cara \(slack\).*cannot be read right now/);
  readable = true;
  assert.equal((await world.approve(BEN)).ok, true);
  await world.drain();
  assert.equal(world.act.calls.length, 1);
});

test("a token of nobody is known again when the group lists it", async () => {
  const world = await asked({ apiTokens: ["bot"] });
  const bot: Actor = { name: "bot", via: "api", role: "operator", apiToken: "bot" };
  assert.match((await world.approve(bot)).sentence, /mapped to no person/);
  assert.equal((await world.approve(ANNA)).ok, true);
  await world.approve(BEN);
  await world.drain();
  assert.equal(world.act.calls.length, 1);
});

test("nobody approves by a Slack group that cannot be read, or for a group that is not configured any more", async () => {
  const world = await asked({ slackUserGroups: ["S1"] });
  world.deps.slackGroup = async () => {
    throw new Error("no answer");
  };
  const unread = await world.approve(CARA);
  assert.equal(unread.ok, false);
  assert.match(
    unread.sentence,
    /^the members of the Slack group of oncall cannot be read right now; oncall \(anna, ben, @S1\)/,
  );
  world.deps.config = { ...world.deps.config, approvals: { ...world.deps.config.approvals, groups: {} } };
  const gone = await world.approve(ANNA);
  assert.equal(gone.ok, false);
  assert.match(gone.sentence, /^the group oncall is not configured, so nobody may decide this/);
  await world.drain();
  assert.equal(world.act.calls.length, 0);
});

test("who is listed by their Slack user is in the group, and a run that nobody asked for has no requester", async () => {
  const world = await asked({ slackUsers: ["U3"] }, { required: 1, requesterMayApprove: false });
  const other = await world.approve({ ...CARA, slackUser: "U4" });
  assert.deepEqual([other.ok, world.act.calls.length], [false, 0]);
  assert.equal((await world.approve(CARA)).ok, true);
  await world.drain();
  assert.equal(world.act.calls.length, 1);
});

test("each yes stands on the timeline, the last one closes the request and wakes its run, and nothing is said of keeping", async () => {
  const { store, deps, approve, timeline } = await asked({});
  const woken: string[] = [];
  deps.queue.wake = async (member) => void woken.push(member);
  const pending = async () => (await store.page("approvals:pending", { limit: 5 })).members;
  const [approval = ""] = await pending();
  await approve(ANNA);
  assert.deepEqual(
    woken.filter((member) => !member.startsWith("chat:")),
    [],
  );
  assert.equal((await timeline()).at(-1), `anna (api) approved ${approval}; 1 more needed`);
  assert.deepEqual(await pending(), [approval]);
  const before = (await timeline()).length;
  await approve(BEN);
  assert.equal((await timeline()).length, before, "its run says who has approved");
  assert.deepEqual([await pending(), woken.some((member) => member.startsWith("run:"))], [[], true]);
});
