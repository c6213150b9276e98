import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { createTurns } from "../../src/http/turns.ts";

/** Names of work in the order in which it began. */
function begins(most: number): { began: string[]; come(name: string, size: number): void } {
  const enter = createTurns(most);
  const began: string[] = [];
  const come = (name: string, size: number): void => {
    const waits = enter(size);
    if (waits === undefined) began.push(name);
    else void waits.then(() => began.push(name));
  };
  return { began, come };
}

test("what comes in one turn begins at once up to the limit, the rest in later turns, in order", async () => {
  const { began, come } = begins(10);
  for (const name of ["a", "b", "c", "d", "e"]) come(name, 5);
  assert.deepEqual(began, ["a", "b"]);
  await turn();
  assert.deepEqual(began, ["a", "b", "c", "d"]);
  come("f", 1);
  assert.deepEqual(began, ["a", "b", "c", "d"], "nobody overtakes who waits");
  await turn();
  assert.deepEqual(began, ["a", "b", "c", "d", "e", "f"]);
});

test("work above the limit, and work of no size, begins as well", async () => {
  const { began, come } = begins(10);
  for (const [name, size] of Object.entries({ a: 1, large: 1_000, b: 1, empty: 0, c: 9 })) come(name, size);
  assert.deepEqual(began, ["a", "large"]);
  await turn();
  assert.deepEqual(began, ["a", "large", "b", "empty", "c"]);
});

test("an idle one lets work begin at once again", async () => {
  const { began, come } = begins(10);
  come("a", 100);
  await turn();
  await turn();
  come("b", 100);
  assert.deepEqual(began, ["a", "b"]);
});
