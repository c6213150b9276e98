import assert from "node:assert/strict";
import { test } from "node:test";
import type { Scope } from "../../../src/core/scope.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { renderVars } from "../../../src/flow/run/run-vars.ts";
import { ANNA, constant, createWorld, playbook, scripted, step } from "../../support/engine.ts";

const vars = {
  rate: constant(0.2),
  keep: constant(false),
  service: constant("litellm"),
  label: { text: "label", reads: [], render: () => ({ known: false as const, why: "no label" }) },
};
const scope = (): Scope => ({}) as Scope;
const given = (values: Readonly<Record<string, unknown>>) =>
  renderVars({ playbook: { name: "p", vars }, vars: { label: "x", ...values } }, scope);

test("what a person gives as text is of the type of what it stands in for", () => {
  assert.deepEqual(given({ rate: "0.3", keep: "true", service: "12" }), {
    ok: true,
    value: { rate: 0.3, keep: true, service: "12", label: "x" },
  });
  assert.deepEqual(given({ rate: 1, keep: true }), {
    ok: true,
    value: { rate: 1, keep: true, service: "litellm", label: "x" },
  });
});

test("what is not of that type is refused before a run is made of it", async () => {
  for (const rate of ["", " ", "abc", "1e999", "0.3x"])
    assert.deepEqual(given({ rate }), { ok: false, reason: "vars.rate takes a number" });
  assert.deepEqual(given({ keep: "yes" }), { ok: false, reason: "vars.keep takes true or false" });
  assert.deepEqual(given({ other: "x" }), { ok: false, reason: "p has no var other" });
  assert.deepEqual(renderVars({ playbook: { name: "p", vars } }, scope), {
    ok: false,
    reason: "vars.label label: no label",
  });
});

test("a run by hand gets the number that was typed", async () => {
  const world = createWorld();
  scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("one", "t.act")], { vars: { rate: constant(0.2) } }));
  const started = await decide(world.deps, ANNA, { verb: "run", playbook: "p", vars: { rate: "0.3" } });
  assert.ok(started.ok && started.id);
  assert.deepEqual((await world.run(started.id)).created.vars, { rate: 0.3 });
  const refused = await decide(world.deps, ANNA, { verb: "run", playbook: "p", vars: { rate: "much" } });
  assert.match(refused.sentence, /p cannot be started: vars.rate takes a number/);
});

test("of two clicks on one button one starts a run, in whichever process, and the other is told", async () => {
  const world = createWorld();
  scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("one", "t.act")]));
  const run = { verb: "run", playbook: "p", vars: {} } as const;
  const click = { ...run, once: "C1/1.1/run p --confirmed" };
  const told = await Promise.all([decide(world.deps, ANNA, click), decide(world.deps, ANNA, click)]);
  const refused = told.filter(({ ok }) => !ok).map(({ sentence }) => sentence);
  assert.deepEqual(refused, ["p was started already, by the click before this one; nothing was started by this"]);
  for (const more of [{ ...click, once: "C1/1.2/run p --confirmed" }, run, run])
    assert.equal((await decide(world.deps, ANNA, more)).ok, true);
  assert.equal((await world.store.page("runs", { limit: 10 })).members.length, 4);
});
