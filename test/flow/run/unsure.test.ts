import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../src/core/errors.ts";
import type { Incident } from "../../../src/core/incident.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, CONFIG, createWorld, playbook, step } from "../../support/engine.ts";

/** A world whose store does not answer one kind of call once, whether it has taken it or not. */
async function mute(call: "get" | "commit") {
  const silent = { now: false };
  const world = createWorld(CONFIG, (store) => ({
    ...store,
    [call]: async (...args: never[]) => {
      const answer = await (store[call] as (...given: never[]) => Promise<unknown>)(...args);
      if (silent.now) throw new AppError("unavailable", "reaching Redis: timed out");
      return answer;
    },
  }));
  world.playbooks.set("p", playbook("p", [step("a", "t.act")]));
  await world.open("p");
  silent.now = true;
  const taken = await decide(world.deps, ANNA, { verb: "take", incident: "inc-1" });
  silent.now = false;
  const doc = await world.store.get<Incident>("incident", "inc-1");
  return { sentence: taken.sentence, isTaken: doc?.body.taken !== undefined };
}

test("a decision that the store may have taken without saying so is not told as nothing", async () => {
  assert.deepEqual(await mute("commit"), {
    sentence: "reaching Redis: timed out; whether this was decided is not known: look before you try again",
    isTaken: true,
  });
  assert.deepEqual(await mute("get"), {
    sentence: "reaching Redis: timed out; nothing was decided, try again",
    isTaken: false,
  });
});
