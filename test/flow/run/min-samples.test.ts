import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActionResult } from "../../../src/core/action.ts";
import { constant, createWorld, playbook, scripted, step, verify } from "../../support/engine.ts";

/** A run that verifies with enough samples; `answer` is what counting them gives. */
async function verifying(answer: (input: Readonly<Record<string, unknown>>) => ActionResult, where?: string) {
  const world = createWorld();
  const counted: Readonly<Record<string, unknown>>[] = [];
  scripted(world.actions, "t.act", { effect: "reversible" });
  scripted(world.actions, "prometheus.query", {
    effect: "read",
    async run(input) {
      if (input["query"] !== "count") return measured(0);
      counted.push(input);
      return answer(input);
    },
  });
  const [check] = verify("prometheus.query").checks;
  assert.ok(check);
  const expect = { text: "value < 1", test: () => ({ known: true as const, value: true }) };
  const minSamples = { query: constant("count"), atLeast: 50, ...(where && { connection: constant(where) }) };
  const checks = [{ ...check, with: constant({ connection: "edge", query: "errors" }), expect, minSamples }];
  const terms = { every: 10_000, hold: 20_000, within: 60_000 };
  world.playbooks.set("p", playbook("p", [step("act", "t.act")], { verify: { ...terms, checks } }));
  const id = await world.open("p");
  await world.pass(120_000);
  return { counted, ended: (await world.run(id)).ended, said: (await world.timeline()).join("\n") };
}

function measured(value: number | null): ActionResult {
  return { ok: true, done: true, output: { value } };
}

test("samples are counted where the check measures", async () => {
  const { counted, ended } = await verifying(({ connection }) => measured(connection === "edge" ? 80 : null));
  assert.equal(ended?.state, "succeeded");
  assert.ok(counted.length > 0 && counted.every(({ connection }) => connection === "edge"));
});

test("samples may be counted elsewhere than the check measures", async () => {
  const { counted, ended } = await verifying(({ connection }) => measured(connection === "other" ? 80 : null), "other");
  assert.equal(ended?.state, "succeeded");
  assert.ok(counted.length > 0 && counted.every(({ connection }) => connection === "other"));
});

test("too few samples have neither held nor failed, and are told", async () => {
  const { ended, said } = await verifying(() => measured(7.5));
  assert.match(ended?.reason ?? "", /^verification_failed/);
  assert.match(said, /7 samples yet; at least 50 are needed/);
});

test("samples that cannot be counted say why", async () => {
  const message = "querying prometheus edge: connection refused";
  const down: ActionResult = { ok: false, reason: "unreachable", message, retryable: true, sent: "no" };
  const { ended, said } = await verifying(() => down);
  assert.match(ended?.reason ?? "", /^verification_failed/);
  assert.match(said, /min-samples: querying prometheus edge: connection refused/);
});
