import assert from "node:assert/strict";
import { test } from "node:test";
import type { Approval } from "../../../src/core/approval.ts";
import type { Config } from "../../../src/core/config.ts";
import type { Actor } from "../../../src/core/decision.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { CONFIG, createWorld, playbook, scripted, step } from "../../support/engine.ts";

/* Actors as the surfaces make them: a token, a Slack user. Who they are, `approvals.people` says. */
const TOKEN: Actor = { name: "anna-cli", via: "cli", role: "operator", apiToken: "anna-cli" };
const SLACK: Actor = { name: "slack:U000000001", via: "slack", role: "operator", slackUser: "U000000001" };
const STRANGER: Actor = { name: "other-cli", via: "cli", role: "operator", apiToken: "other-cli" };
const BEN: Actor = { name: "ben-cli", via: "cli", role: "operator", apiToken: "ben-cli" };

function configured(policy: Partial<Config["approvals"]["default"]>): Config {
  const people = { anna: { slack: "U000000001", token: "anna-cli" }, ben: { token: "ben-cli" } };
  const shared = { people: ["anna", "ben"], slackUsers: [], slackUserGroups: [], apiTokens: ["other-cli"] };
  const groups = { ...CONFIG.approvals.groups, shared };
  const approvals = { ...CONFIG.approvals, people, groups, default: { ...CONFIG.approvals.default, ...policy } };
  return { ...CONFIG, approvals };
}

type Policy = Partial<Config["approvals"]["default"]>;

/** A run by hand that waits for approval, and what the door says to each who approves. */
async function asked(by: Actor, policy: Policy) {
  const world = createWorld(configured(policy));
  const act = scripted(world.actions, "t.act");
  const own = { ...configured(policy).approvals.default };
  world.playbooks.set("p", playbook("p", [step("one", "t.act")], { autonomy: { P0: "auto" }, approval: own }));
  const started = await decide(world.deps, by, { verb: "run", playbook: "p", vars: {} });
  assert.ok(started.ok && started.id, JSON.stringify(started));
  const run = started.id;
  await world.drain();
  const approval = (await world.run(run)).asked?.approvalId ?? "";
  return {
    act,
    approval: async () => (await world.store.get<Approval>("approval", approval))?.body,
    ended: async () => (await world.run(run)).ended?.reason,
    async approve(actor: Actor, verb: "approve" | "reject" = "approve") {
      const decided = await decide(world.deps, actor, { verb, approval });
      await world.drain();
      return decided.ok ? "ok" : decided.code;
    },
  };
}

test("a person of the group approves with their token; a token of nobody in it does not", async () => {
  const { approve, act } = await asked(BEN, {});
  assert.equal(await approve(STRANGER), "forbidden");
  assert.equal(act.calls.length, 0);
  assert.equal(await approve(TOKEN), "ok");
  assert.equal(act.calls.length, 1);
});

test("who asked for a run by their token does not approve it in Slack, nor the other way round", async () => {
  for (const [asker, other] of [
    [TOKEN, SLACK],
    [SLACK, TOKEN],
    [TOKEN, TOKEN],
  ] as const) {
    const { approve, act } = await asked(asker, { requesterMayApprove: false });
    assert.equal(await approve(other), "forbidden");
    assert.equal(act.calls.length, 0);
    assert.equal(await approve(BEN), "ok");
    assert.equal(act.calls.length, 1);
  }
});

test("a token of nobody, which whoever asked may hold, does not approve for them", async () => {
  const { approve, act } = await asked(SLACK, { requesterMayApprove: false, group: "shared" });
  assert.equal(await approve(STRANGER), "forbidden");
  assert.equal(act.calls.length, 0);
  assert.equal(await approve(BEN), "ok");
  assert.equal(act.calls.length, 1);
  const open = await asked(SLACK, { group: "shared" });
  assert.equal(await open.approve(STRANGER), "ok");
});

test("a person counts once, whatever they come by", async () => {
  const { approve, act, approval } = await asked(BEN, { required: 2 });
  assert.equal(await approve(TOKEN), "ok");
  assert.notEqual(await approve(SLACK), "ok");
  assert.equal((await approval())?.votes.length, 1);
  assert.equal(act.calls.length, 0);
  assert.equal(await approve(BEN), "ok");
  assert.equal(act.calls.length, 1);
});

test("who may not approve may reject, and who has approved may still reject", async () => {
  for (const [policy, approves] of [
    [{ requesterMayApprove: false }, false],
    [{ required: 2 }, true],
  ] as const) {
    const { approve, act, ended } = await asked(TOKEN, policy);
    if (approves) assert.equal(await approve(TOKEN), "ok");
    assert.equal(await approve(TOKEN, "reject"), "ok");
    assert.match((await ended()) ?? "", /^rejected by anna/);
    assert.notEqual(await approve(BEN), "ok");
    assert.equal(act.calls.length, 0);
  }
});
