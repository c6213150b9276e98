import assert from "node:assert/strict";
import { test } from "node:test";
import { COMPILER } from "./samples.ts";

function fault(text: string): string {
  const compiled = COMPILER.condition(text);
  return compiled.ok ? "fine" : compiled.faults.map(({ message }) => message).join("\n");
}

test("habits of other languages are told with CEL's own way", () => {
  const rows = [
    ["facts.cpu > 0.5 and true", "CEL writes && for and"],
    ["facts.cpu > 0.5 OR true", "CEL writes || for or"],
    ["not true", "CEL writes ! for not"],
    ["facts.cpu = 0.5", "CEL compares with =="],
    ["now < now + 2h", 'write a time as duration("2h")'],
    ["now < now + 30m", 'write a time as duration("30m")'],
  ] as const;
  for (const [text, hint] of rows) assert.ok(fault(text).endsWith(`; ${hint}`), `${text}: ${fault(text)}`);
});

test("of other faults nothing is guessed", () => {
  for (const text of ["facts.cpu >> 1", "facts.cpu > (1", "now < now + 2hours", "facts.cpu === 1"])
    assert.doesNotMatch(fault(text), /CEL (?:writes|compares)|duration\(/, text);
});
