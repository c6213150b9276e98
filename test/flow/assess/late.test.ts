import assert from "node:assert/strict";
import { test } from "node:test";
import type { Alert } from "../../../src/core/alert.ts";
import { matcher, playbook } from "./samples.ts";
import { alert, createWorld, MINUTE, over, SECOND, START } from "./world.ts";

const REDEPLOY = playbook({ name: "redeploy", match: [matcher("alertname", "=", "HighErrorRate")], priority: 50 });
const CLOUDWATCH = { source: "cloudwatch" } as const;

const alarm = (startsAt: number): Alert => alert({ fingerprint: "arn", startsAt });
const ok = (at: number): Alert => over(alarm(at), at);

test("an OK of CloudWatch that the next ALARM has overtaken leaves the incident open, and the next OK ends it", async () => {
  const world = createWorld({ playbooks: [REDEPLOY] });
  await world.send([alarm(START)], CLOUDWATCH);
  world.clock.at += 2 * MINUTE;
  await world.send([alarm(world.clock.at)], CLOUDWATCH);
  world.clock.at += SECOND;
  await world.send([ok(START + MINUTE)], CLOUDWATCH);
  assert.equal((await world.incident("inc-1"))?.status, "open");
  world.clock.at += MINUTE;
  await world.send([ok(world.clock.at - SECOND)], CLOUDWATCH);
  assert.equal((await world.incident("inc-1"))?.status, "resolved");
  assert.equal((await world.runs()).length, 1);
});

test("an ALARM of CloudWatch that comes after its OK is shown as ended, opens no incident and runs nothing", async () => {
  const world = createWorld({ playbooks: [REDEPLOY] });
  world.clock.at += 10 * MINUTE;
  await world.send([ok(START + MINUTE)], CLOUDWATCH);
  await world.send([alarm(START)], CLOUDWATCH);
  assert.deepEqual([await world.incidents(), await world.runs()], [[], []]);
  const record = await world.record("arn", 1, "cloudwatch");
  assert.deepEqual([record?.alert.status, record?.alert.endsAt], ["resolved", START + MINUTE]);
  assert.equal(record?.explanation?.sentence, "It ended before it was assessed; nothing was done.");
});

test("an ALARM that SNS delivers again after the incident has ended does not open it again", async () => {
  const world = createWorld();
  await world.send([alarm(START)], CLOUDWATCH);
  world.clock.at += MINUTE;
  await world.send([ok(world.clock.at)], CLOUDWATCH);
  await world.send([alarm(START)], CLOUDWATCH);
  assert.deepEqual(
    [(await world.incident("inc-1"))?.status, (await world.incident("inc-1"))?.opening],
    ["resolved", 1],
  );
  assert.equal(await world.record("arn", 2, "cloudwatch"), undefined);
});

test("an alert that was told minutes late, and had ended by then, ends when its end is told", async () => {
  const world = createWorld();
  world.clock.at += 10 * MINUTE;
  await world.send([alert({ startsAt: START })]);
  assert.equal((await world.incident("inc-1"))?.status, "open");
  world.clock.at += 15 * SECOND;
  await world.send([over(alert({ startsAt: START }), START + MINUTE)]);
  assert.equal((await world.incident("inc-1"))?.status, "resolved");
});

test("an incident that came back does not count one alert twice when it ends", async () => {
  const world = createWorld();
  await world.send([alert()]);
  for (const minute of [1, 3]) {
    world.clock.at = START + minute * MINUTE;
    await world.send([over(alert(), world.clock.at)]);
    if (minute === 1) await world.send([alert({ startsAt: world.clock.at + SECOND })]);
  }
  assert.equal((await world.texts("inc-1")).at(-1), "Resolved after 2m: all its alerts have ended");
});
