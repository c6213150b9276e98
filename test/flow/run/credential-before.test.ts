import assert from "node:assert/strict";
import { test } from "node:test";
import type { Lease } from "../../../src/core/lease.ts";
import { constant, createWorld, playbook, scripted, step } from "../../support/engine.ts";

const URL_WITH_PASSWORD = "redis://:of-no-account-123@router:6379";

/** A place that holds one value; what a change leaves says how to go back, as those of the shipped actions do. */
function holder(present: string) {
  const world = createWorld();
  const held = { value: present };
  scripted(world.actions, "t.put", {
    effect: "reversible",
    prepare: async () => ({ ok: true, before: { value: held.value } }),
    async run(input, ctx, before) {
      ctx.fence();
      held.value = `${input["value"]}`;
      return { ok: true, done: true, output: { former: before?.["value"] } };
    },
    revert: (_input, { former }) => ({ uses: "t.put", with: { value: former } }),
  });
  return { world, held };
}

const PUT = step("put", "t.put", {
  with: constant({ value: "redis://other:6379" }),
  lease: { for: 600_000, releaseWhen: [], onEnd: { kind: "revert" } },
});

test("what the journal would not hold cannot be restored, so it is not changed", async () => {
  const { world, held } = holder(URL_WITH_PASSWORD);
  world.playbooks.set("p", playbook("p", [PUT]));
  const id = await world.open("p");
  await world.pass(3_600_000);
  assert.equal(held.value, URL_WITH_PASSWORD);
  assert.equal((await world.run(id)).ended?.state, "failed");
  const lines = (await world.timeline()).join("\n");
  assert.match(lines, /do t\.put: what is there now looks like a credential.*could not be restored/);
  assert.ok(!lines.includes("of-no-account"), lines);
  assert.ok(!JSON.stringify(await world.store.loadRun(id)).includes("of-no-account"));
});

test("what is too long for the journal is not changed either", async () => {
  const { world, held } = holder("x".repeat(20_000));
  world.playbooks.set("p", playbook("p", [PUT]));
  await world.open("p");
  await world.drain();
  assert.equal(held.value.length, 20_000);
  assert.match((await world.timeline()).join("\n"), /too long/);
});

test("its twin, with nothing that is left out, is changed and restored", async () => {
  const { world, held } = holder("redis://router:6379");
  world.playbooks.set("p", playbook("p", [PUT]));
  const id = await world.open("p");
  await world.drain();
  assert.equal(held.value, "redis://other:6379");
  await world.pass(3_600_000);
  assert.equal(held.value, "redis://router:6379");
  assert.equal((await world.run(id)).ended?.state, "succeeded");
});

test("a reference to a credential is read, changed and restored", async () => {
  const { world, held } = holder("api_key: os.environ/AZURE_KEY_2");
  world.playbooks.set("p", playbook("p", [PUT]));
  await world.open("p");
  await world.drain();
  assert.equal(held.value, "redis://other:6379");
  await world.pass(3_600_000);
  assert.equal(held.value, "api_key: os.environ/AZURE_KEY_2");
});

test("a lease of an older version that remembers less than was there writes nothing", async () => {
  const { world, held } = holder("redis://router:6379");
  world.playbooks.set("p", playbook("p", [PUT]));
  await world.open("p");
  await world.drain();
  const [id = ""] = (await world.store.page("leases", { limit: 1 })).members;
  const lease = (await world.store.get<Lease>("lease", id))!;
  const undo = { uses: "t.put", with: { value: "redis://:[redacted]@router:6379" } };
  await world.store.commit({
    checks: [],
    writes: [{ write: "put", kind: "lease", id, body: { ...lease.body, undo } }],
  });
  await world.pass(3_600_000);
  assert.equal(held.value, "redis://other:6379");
  assert.match((await world.timeline()).join("\n"), /value holds "\[redacted\]"/);
});

test("what an earlier step has read without its credential is not written anywhere", async () => {
  const { world, held } = holder("redis://router:6379");
  scripted(world.actions, "t.read", {
    effect: "read",
    answer: () => ({ ok: true, done: true, output: { value: URL_WITH_PASSWORD } }),
  });
  const copied = {
    text: "copy",
    reads: [],
    render: (scope: { steps: object }) => ({ known: true as const, value: valueIn(scope) }),
  };
  world.playbooks.set("p", playbook("p", [step("read", "t.read"), step("put", "t.put", { with: copied })]));
  const id = await world.open("p");
  await world.drain();
  assert.equal(held.value, "redis://router:6379");
  assert.match((await world.run(id)).ended?.reason ?? "", /value holds "\[redacted\]"/);
});

function valueIn({ steps }: { steps: object }): Readonly<Record<string, unknown>> {
  const { read } = steps as { read: { output: { value: string } } };
  return { value: read.output.value };
}

test("what is read before a change that nobody can undo is kept without its credential, and the change is made", async () => {
  const { world, held } = holder(URL_WITH_PASSWORD);
  const { revert: _, ...put } = world.actions.get("t.put") ?? assert.fail();
  world.actions.set("t.put", put);
  world.playbooks.set("p", playbook("p", [step("put", "t.put", { with: PUT.with })]));
  const id = await world.open("p");
  await world.drain();
  assert.equal(held.value, "redis://other:6379");
  assert.ok(!JSON.stringify((await world.run(id)).steps.get("put")?.before).includes("of-no-account"));
});
