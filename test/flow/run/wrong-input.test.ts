import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { SettingValue } from "../../../src/actions/inputs.ts";
import type { Approval } from "../../../src/core/approval.ts";
import { constant, createWorld, playbook, scripted, step } from "../../support/engine.ts";

const INPUT = z.strictObject({
  count: z.number().optional(),
  value: SettingValue.optional(),
  apiKey: z.number().optional(),
}) as unknown as z.ZodRecord<z.ZodString, z.ZodUnknown>;

const ROWS: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
  [{ count: "12a" }, /count: Invalid input: expected number, received string; it came to "12a"/],
  [{ value: ["a", "b"] }, /value: Invalid input: expected number, boolean, string or null; it came to \["a","b"\]/],
  [{ apiKey: "of-nobody-12345" }, /apiKey: .*; it came to "\[redacted\]"/],
  [{ other: 1 }, /input: Unrecognized key: "other"/],
  [{ count: "x".repeat(500) }, /it came to "x{59}(?!x)/],
];

for (const [input, said] of ROWS) {
  test(`an input that comes to ${JSON.stringify(input).slice(0, 40)} ends the run, says what was wanted and what came`, async () => {
    const world = createWorld();
    const act = scripted(world.actions, "t.act", { input: INPUT });
    world.playbooks.set("p", playbook("p", [step("one", "t.act", { with: constant(input) })]));
    const run = await world.run(await opened(world));
    assert.equal(run.ended?.state, "failed");
    assert.match((await world.timeline()).join("\n"), said);
    assert.equal(act.calls.length, 0);
  });
}

/** `allow` of the connection takes no count above 5. */
const ALLOWED: Parameters<typeof scripted>[2] = {
  input: INPUT,
  faults: ({ count }) =>
    typeof count === "number" && count > 5 ? [{ key: "count", message: "COUNT of gateway: it must be at most 5" }] : [],
};

test("a value that its connection does not allow is refused before anybody is asked", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act", ALLOWED);
  const asks = { autonomy: { P0: "approve" } } as const;
  world.playbooks.set("p", playbook("p", [step("one", "t.act", { with: constant({ count: 9 }) })], asks));
  const id = await opened(world);
  assert.equal((await world.store.page("approvals", { limit: 5 })).members.length, 0);
  assert.match((await world.run(id)).ended?.reason ?? "", /one: with: count: COUNT of gateway: it must be at most 5/);
  assert.equal(act.calls.length, 0);
});

test("people who are asked read which later step is refused, and with what", async () => {
  const world = createWorld();
  scripted(world.actions, "t.act", ALLOWED);
  const steps = [1, 9].map((count, index) => step(`s${index}`, "t.act", { with: constant({ count }) }));
  world.playbooks.set("p", playbook("p", steps, { autonomy: { P0: "approve" } }));
  await opened(world);
  const [id = ""] = (await world.store.page("approvals", { limit: 5 })).members;
  const shown = (await world.store.get<Approval>("approval", id))?.body.steps ?? [];
  assert.deepEqual(
    shown.map(({ describe, input }) => [describe, input]),
    [
      ["do t.act", { count: 1 }],
      ["t.act: refused when its turn comes (with: count: COUNT of gateway: it must be at most 5)", { count: 9 }],
    ],
  );
});

test("what undoes a change is not held to what is allowed by now: its action decides", async () => {
  const world = createWorld();
  const back = scripted(world.actions, "t.back", { ...ALLOWED, effect: "reversible" });
  scripted(world.actions, "t.act", { effect: "reversible", revert: () => ({ uses: "t.back", with: { count: 9 } }) });
  const lease = { for: 60_000, releaseWhen: [], onEnd: { kind: "revert" as const } };
  world.playbooks.set("p", playbook("p", [step("one", "t.act", { lease })]));
  await opened(world);
  await world.pass(120_000);
  assert.equal(back.calls.length, 1);
});

async function opened(world: ReturnType<typeof createWorld>): Promise<string> {
  const id = await world.open("p");
  await world.drain();
  return id;
}
