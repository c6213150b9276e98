import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { actionsWith } from "../../src/actions/index.ts";
import { inputNames } from "../../src/core/playbook/input-names.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { read } from "./repository.ts";

/** Rows of the tables: the action, and what its inputs, its output and the rest say. */
const ROWS = read("docs/actions.md")
  .split("\n")
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .filter(([, name = ""]) => /^`[a-z0-9]+\.[a-z-]+`$/.test(name));
const ACTIONS = actionsWith(createMemoryStore({ now: () => 0 }).store);

/** Names that stand in a cell by themselves, outside of brackets. */
const namesIn = (cell = ""): readonly string[] =>
  [...cell.replace(/\([^()]*(?:\([^()]*\)[^()]*)*\)/g, "").matchAll(/`(\w+)`/g)].map(([, name = ""]) => name);

function outputNames(schema: z.ZodType): readonly string[] {
  const { properties = {} } = z.toJSONSchema(schema, { unrepresentable: "any" });
  return Object.keys(properties);
}

test("docs/actions.md has every action, and no other", () => {
  assert.deepEqual(ROWS.map(([, name]) => name?.slice(1, -1)).toSorted(), [...ACTIONS.keys()].toSorted());
});

for (const [, name = "", given, gives, rest] of ROWS) {
  const action = ACTIONS.get(name.slice(1, -1));

  test(`docs/actions.md tells the inputs, the output and the effect of ${name}`, () => {
    assert.ok(action);
    const inputs = inputNames(action.input).filter((input) => input !== "connection");
    assert.deepEqual(namesIn(given).toSorted(), inputs.toSorted());
    assert.deepEqual(namesIn(gives).toSorted(), outputNames(action.output).toSorted());
    const optional = [...(given ?? "").matchAll(/\[`(\w+)`\]/g)].map(([, input]) => input);
    const { required = [] } = z.toJSONSchema(action.input, { io: "input", unrepresentable: "any" });
    for (const input of inputs) assert.equal(required.includes(input), !optional.includes(input), input);
    if (action.effect === "read") return assert.equal(rest, "");
    assert.ok(rest?.startsWith(`\`${action.effect}\``), rest);
    assert.equal(rest?.includes("; not undone;"), action.revert === undefined);
  });
}
