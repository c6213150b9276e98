import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, test } from "node:test";
import { actions } from "../../../src/actions/index.ts";
import { GRAMMARS } from "../../../src/core/playbook/grammar.ts";
import { faultsOf } from "./samples.ts";

const text = readFileSync(resolve(import.meta.dirname, "../../../docs/playbook-reference.md"), "utf8");
const sections = new Map(text.split(/^##+ /m).map((section) => [/^`([^`]+)`/.exec(section)?.[1] ?? "", section]));

describe("the playbook reference", () => {
  for (const { name, keys } of Object.values(GRAMMARS)) {
    test(`explains every key of ${name}, and no other`, () => {
      const rows = [...(sections.get(name) ?? "").matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell = ""]) =>
        [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]),
      );
      assert.deepEqual(rows.toSorted(), keys.toSorted());
    });
  }

  const examples = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");
  for (const example of examples) {
    test(`has an example that loads: ${example.split("\n")[0]}`, () => {
      const head = "name: p\nmatch: ['a = \"b\"']\ntarget: x\n";
      const steps = example.startsWith("steps:") ? "" : "steps:\n";
      const whole = example.startsWith("name:") ? example : head + steps + example;
      assert.deepEqual(faultsOf(whole, { actions }), []);
    });
  }

  test("names every key in an example", () => {
    const shown = examples.join("\n");
    const left = [...new Set(Object.values(GRAMMARS).flatMap(({ keys }) => keys))].filter(
      (key) => !new RegExp(`\\b${key}:`).test(shown),
    );
    assert.deepEqual(left, ["veto"]);
  });
});
