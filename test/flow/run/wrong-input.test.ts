import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { SettingValue } from "../../../src/actions/inputs.ts";
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

async function opened(world: ReturnType<typeof createWorld>): Promise<string> {
  const id = await world.open("p");
  await world.drain();
  return id;
}
