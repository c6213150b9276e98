import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorld } from "../support/engine.ts";

for (const member of ["run:x", "approval:x", "lease:x", "incident:inc-9", "follow:inc-9", "chat:inc-9", "nothing:x"])
  test(`a wake-up for what is not there does not come back: ${member}`, async () => {
    const world = createWorld();
    await world.store.commit({ checks: [], writes: [{ write: "due", member, at: 0 }] });
    await world.drain();
    assert.deepEqual(await world.store.due(9), []);
    await world.pass(10 * 60_000);
    assert.deepEqual(await world.store.due(9), []);
  });
