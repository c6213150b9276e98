import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { matcher, playbook } from "./samples.ts";
import { alert, createWorld, MINUTE, over, type World } from "./world.ts";

const REDEPLOY = playbook({ name: "redeploy", match: [matcher("service", "=~", ".+")] });

/** A world whose process has heard the store's time, and how often it looks at episodes from now on. */
async function begun(): Promise<{ world: World; looks: () => number }> {
  const world = createWorld({ playbooks: [REDEPLOY] });
  await world.send([alert({ fingerprint: "before", labels: { service: "other" } })]);
  const { look } = world.intake;
  let count = 0;
  world.intake.look = (...input) => {
    count += 1;
    return look(...input);
  };
  return { world, looks: () => count };
}

/** What was accepted, in the hands of this process. */
async function taken(world: World) {
  const [entry] = await world.intake.read({ count: 1, block: 0 });
  assert.ok(entry);
  return entry;
}

describe("an alert that nobody has seen before", () => {
  it("is assessed without a look, as with one", async () => {
    const { world, looks } = await begun();
    await world.send([alert()]);
    assert.equal(looks(), 0);
    const looked = createWorld({ playbooks: [REDEPLOY] });
    await looked.send([alert({ fingerprint: "before", labels: { service: "other" } })]);
    await looked.post([alert()]);
    const { first: _, ...entry } = await taken(looked);
    await looked.assess.entry(entry);
    assert.deepEqual(await world.record("f"), await looked.record("f"));
    assert.deepEqual(await world.incidents(), await looked.incidents());
    assert.deepEqual(await world.runs(), await looked.runs());
  });

  it("starts nothing when it has ended meanwhile", async () => {
    const { world, looks } = await begun();
    const runs = (await world.runs()).length;
    await world.post([alert()]);
    const entry = await taken(world);
    await world.post([over(alert(), world.clock.at)]);
    await world.assess.entry(entry);
    assert.equal(looks(), 1);
    assert.equal((await world.runs()).length, runs);
    assert.equal((await world.record("f"))?.state.status, "resolved");
  });

  it("joins the incident that another worker has opened meanwhile", async () => {
    const { world, looks } = await begun();
    const incidents = (await world.incidents()).length;
    await world.post([alert()]);
    const entry = await taken(world);
    const other = createWorld({ playbooks: [REDEPLOY], ports: { store: world.store, intake: world.intake } });
    await world.post([alert({ fingerprint: "g" })], { groupKey: "g2" });
    await other.assess.entry(await taken(world));
    assert.equal((await world.incidents()).length, incidents + 1);
    const before = looks();
    await world.assess.entry(entry);
    assert.equal(looks(), before + 1);
    assert.equal((await world.incidents()).length, incidents + 1);
    assert.equal((await world.record("f"))?.incidentId, (await world.record("g"))?.incidentId);
  });

  it("is looked at when it has waited, when its clock is unknown, and when it is not the first episode", async () => {
    const { world, looks } = await begun();
    await world.post([alert()]);
    world.clock.at += MINUTE;
    await world.drain();
    assert.equal(looks(), 1);
    assert.equal((await world.record("f"))?.explanation?.at, world.clock.at);
    await world.send([over(alert(), world.clock.at)]);
    world.clock.at += MINUTE;
    await world.send([alert({ startsAt: world.clock.at })]);
    assert.equal(looks(), 3);
    const fresh = createWorld({ playbooks: [REDEPLOY], ports: { store: world.store, intake: world.intake } });
    await world.post([alert({ fingerprint: "h" })]);
    await fresh.assess.entry(await taken(world));
    assert.equal(looks(), 4);
  });
});
