import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Wake } from "../../../src/flow/assess/deps.ts";
import { createRouser } from "../../../src/flow/assess/rouse.ts";

type Roused = { woken: string[]; rouse: ReturnType<typeof createRouser>; storm: { rages: boolean } };

function roused(t: TestContext): Roused {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const woken: string[] = [];
  const storm = { rages: false };
  const wake = (wakes: readonly Wake[]): void => void woken.push(...wakes.map(({ member }) => member));
  return { woken, rouse: createRouser(wake, () => storm.rages), storm };
}

const chat: Wake = { member: "chat:inc-1", at: 1 };

test("runs are woken at once, the rest a moment later, each once", (t) => {
  const { woken, rouse } = roused(t);
  rouse([chat, { member: "run:r", at: 1 }]);
  rouse([chat]);
  assert.deepEqual(woken, ["run:r"]);
  t.mock.timers.tick(250);
  assert.deepEqual(woken, ["run:r", "chat:inc-1"]);
});

test("a storm holds back what people see, for two seconds at most; runs and the end of a `for` go on", (t) => {
  const { woken, rouse, storm } = roused(t);
  storm.rages = true;
  rouse([chat, { member: "incident:inc-1", at: 9, delay: 8 }, { member: "run:r", at: 1 }]);
  t.mock.timers.tick(250);
  assert.deepEqual(woken, ["run:r", "incident:inc-1"]);
  for (let at = 0; at < 6; at += 1) t.mock.timers.tick(250);
  assert.equal(woken.includes("chat:inc-1"), false);
  t.mock.timers.tick(250);
  assert.deepEqual(woken, ["run:r", "incident:inc-1", "chat:inc-1"]);
});

test("when a storm is over, what it held back is woken with the next round", (t) => {
  const { woken, rouse, storm } = roused(t);
  storm.rages = true;
  rouse([chat]);
  t.mock.timers.tick(250);
  storm.rages = false;
  t.mock.timers.tick(250);
  assert.deepEqual(woken, ["chat:inc-1"]);
});

test("thousands are woken over many turns of the event loop", async (t) => {
  const { woken, rouse } = roused(t);
  rouse(Array.from({ length: 1_000 }, (_, number) => ({ member: `chat:inc-${number}`, at: 1 })));
  t.mock.timers.tick(250);
  assert.ok(woken.length <= 20, `${woken.length} in one turn`);
  while (woken.length < 1_000) await turn();
  assert.equal(new Set(woken).size, 1_000);
});
