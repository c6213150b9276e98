import assert from "node:assert/strict";
import { test } from "node:test";
import type { Incident } from "../../../src/core/incident.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA } from "../../support/engine.ts";
import { calmField, leaseForAnHour } from "../../support/field-world.ts";

const HOUR = 3_600_000;

/** One playbook has set the field for an hour. */
async function leasedWorld() {
  const { world, field } = calmField();
  return { world, field, lease: (await leaseForAnHour(world)).lease };
}

/** Its undoing is called, and meanwhile somebody decides. */
async function whileUndoing(meanwhile: (house: Awaited<ReturnType<typeof leasedWorld>>, run: string) => Promise<void>) {
  const house = await leasedWorld();
  const real = house.world.actions.get("t.set");
  assert.ok(real);
  house.world.actions.set("t.set", {
    ...real,
    async run(...call) {
      const done = await real.run(...call);
      await meanwhile(house, (await house.lease()).revertRun ?? "");
      return done;
    },
  });
  await house.world.pass(HOUR + 60_000);
  return house;
}

test("a cancel during the call that undoes a lease is on the timeline, with what became of it", async () => {
  const answers: string[] = [];
  const { world, field, lease } = await whileUndoing(async ({ world }, run) => {
    const decided = await decide(world.deps, ANNA, { verb: "cancel", run, reason: "not yet" });
    answers.push(decided.sentence);
  });
  assert.match(answers.join(), /A call of it has begun: if that takes effect, lease \S+ is undone all the same/);
  assert.deepEqual([field.value, (await lease()).status, (await lease()).keptBy], ["off", "reverted", undefined]);
  const run = await world.run((await lease()).revertRun ?? "");
  assert.deepEqual(
    [run.ended?.state, run.unknown, run.steps.get("undo")?.outcome],
    ["succeeded", undefined, "succeeded"],
  );
  const lines = await world.timeline();
  const cancelled = lines.indexOf("cancelled by anna (api): not yet");
  assert.ok(cancelled >= 0, lines.join("\n"));
  assert.match(
    lines.slice(cancelled).join("\n"),
    /undoing lease \S+ succeeded: its call had begun when it was cancelled by anna \(api\): not yet[\s\S]*lease \S+ ended: /,
  );
});

test("a cancel that comes as its run ends is refused, and not left where nobody reads it", async () => {
  const { world } = await leasedWorld();
  const { loadRun } = world.store;
  const [run = ""] = (await world.store.get<Incident>("incident", "inc-1"))?.body.runs ?? [];
  const whole = await loadRun(run);
  const before = { ...whole, events: whole.events.slice(0, -1) };
  let reads = 0;
  const store = { ...world.store, loadRun: async (id: string) => (reads++ === 0 ? before : await loadRun(id)) };
  const decided = await decide({ ...world.deps, store }, ANNA, { verb: "cancel", run });
  assert.deepEqual([decided.ok, /has ended/.test(decided.sentence)], [false, true]);
  assert.deepEqual((await loadRun(run)).inbox, []);
});
