import assert from "node:assert/strict";
import { test } from "node:test";
import { createLocks, createTurnstile } from "../../../src/flow/assess/locks.ts";

const DONE = { committed: true };
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("holders of one key follow each other, in order; others go on", async () => {
  const locks = createLocks();
  const seen: string[] = [];
  const work = (name: string) => async () => {
    seen.push(`${name} in`);
    await tick();
    seen.push(`${name} out`);
    return DONE;
  };
  await Promise.all([locks.hold(["a"], work("1")), locks.hold(["a"], work("2")), locks.hold(["b"], work("3"))]);
  assert.deepEqual(
    seen.filter((line) => !line.startsWith("3")),
    ["1 in", "1 out", "2 in", "2 out"],
  );
  assert.equal(seen.indexOf("3 in") < seen.indexOf("1 out"), true);
});

test("overlapping sets of keys never wait for each other in a circle", async () => {
  const locks = createLocks();
  const sets = Array.from({ length: 200 }, (_, i) => [`k${i % 7}`, `k${(i * 3) % 7}`, `k${(i * 5) % 7}`]);
  let inside = 0;
  await Promise.all(
    sets.map((keys) =>
      locks.hold(keys, async () => {
        inside += 1;
        await tick();
        return DONE;
      }),
    ),
  );
  assert.equal(inside, 200);
});

test("a failure releases the key", async () => {
  const locks = createLocks();
  await assert.rejects(locks.hold(["a"], () => Promise.reject(new Error("no"))));
  assert.equal(await locks.hold(["a", "a"], async () => DONE), DONE);
});

test("the next begins with a plan that is left to it, and learns whether that came about", async () => {
  for (const committed of [true, false]) {
    const locks = createLocks<string>();
    const seen: string[] = [];
    const first = locks.hold(["a", "b"], async (hold) => {
      hold.plan("planned");
      await tick();
      seen.push("first out");
      return { committed };
    });
    const second = locks.hold(["b", "c"], async (hold) => {
      seen.push(`second in with ${hold.plans}`);
      seen.push(`${await hold.cameAbout()}`);
      return DONE;
    });
    const third = locks.hold(["c"], async (hold) => {
      seen.push(`third in with ${hold.plans.length} plans`);
      seen.push(`${await hold.cameAbout()}`);
      return DONE;
    });
    await Promise.all([first, second, third]);
    assert.deepEqual(seen, ["second in with planned", "first out", `${committed}`, "third in with 0 plans", "true"]);
  }
});

test("what fails before it has planned anything spoils nobody's plans", async () => {
  const locks = createLocks<string>();
  const failing = locks.hold(["a"], () => Promise.reject(new Error("no")));
  const next = locks.hold(["a"], async (hold) => ({ committed: await hold.cameAbout() }));
  await assert.rejects(failing);
  assert.deepEqual(await next, DONE);
});

test("the turnstile lets one through per turn of the event loop, in order", async () => {
  const pass = createTurnstile();
  let turns = 0;
  const count = (): void => {
    turns += 1;
    if (turns < 50) setImmediate(count);
  };
  setImmediate(count);
  const seen: number[] = [];
  await Promise.all([1, 2, 3, 4].map((n) => pass().then(() => seen.push(n * 100 + turns))));
  assert.deepEqual(
    seen.map((value) => Math.floor(value / 100)),
    [1, 2, 3, 4],
  );
  assert.equal(new Set(seen.map((value) => value % 100)).size, 4);
});
