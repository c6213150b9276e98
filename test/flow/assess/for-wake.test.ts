import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../../../src/core/config.ts";
import { condition, playbook } from "./samples.ts";
import { alert, BY_LABEL, createWorld, MINUTE, SECOND, START } from "./world.ts";

const held = condition("true", () => true);
const longer = (level: "P0" | "P1", time: number): Config["severity"][number] => ({ level, when: held, for: time });

/** Wake-ups are gathered for a moment of real time. */
async function exact(world: ReturnType<typeof createWorld>): Promise<readonly (readonly [string, number])[]> {
  await sleep(300);
  const later = world.wakes.splice(0).filter((wake) => (wake.delay ?? 0) > 0);
  return later.map(({ member, at, delay = 0 }) => {
    assert.ok(at - delay <= world.clock.at && at > world.clock.at - SECOND, "it is woken at its time");
    return [member.replace(/:\w{12}:/, ":SET:"), at - START];
  });
}

test("the end of a `for` is woken at its time, beside the sweeper", async () => {
  const world = createWorld({
    config: { severity: [longer("P0", 30 * SECOND), ...BY_LABEL] },
    playbooks: [playbook({ name: "redeploy" })],
  });
  await world.send([alert({ severity: "warning" })]);
  assert.deepEqual(await exact(world), [["incident:inc-1", 30 * SECOND]]);
});

test("one that ends after the next look is woken by that look, and looks of every minute are left to the sweeper", async () => {
  const world = createWorld({
    config: { severity: [longer("P0", 90 * SECOND), ...BY_LABEL] },
    playbooks: [playbook({ name: "redeploy" })],
  });
  await world.send([alert({ severity: "warning" })]);
  assert.deepEqual(await exact(world), []);
  await world.pass(MINUTE);
  assert.deepEqual(await exact(world), [["incident:inc-1", 90 * SECOND]]);
});

test("an episode that no rule makes an incident of yet is woken too, also when it was looked at before", async () => {
  const severity = [longer("P0", 80 * SECOND), longer("P1", 30 * SECOND)];
  const world = createWorld({ config: { severity } });
  await world.send([alert({ severity: "info" })]);
  const [first, ...others] = await exact(world);
  assert.deepEqual([first, others], [[`assess:SET:${String(START + 30 * SECOND)}`, 30 * SECOND], []]);
  await world.pass(30 * SECOND);
  assert.equal((await world.incident("inc-1"))?.severity, "P1");
});
