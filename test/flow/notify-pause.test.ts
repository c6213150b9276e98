import assert from "node:assert/strict";
import { test } from "node:test";
import { publisher, START } from "../support/publisher.ts";

const MINUTE = 60_000;

for (const scope of ["global", "incident:inc-1"])
  test(`a pause of ${scope} that is made while it posts is shown by the same turn, and looked at again when it ends`, async () => {
    const { chat, commit, look, pass, isDue } = await publisher();
    const pause = { scope, by: "anna", reason: "", at: START, until: START + MINUTE };
    const shown: string[] = [];
    chat.answer = async (view) => {
      shown.push(view.paused.map(({ scope }) => scope).join());
      if (shown.length === 1) await commit({ write: "put", kind: "pause", id: scope, body: pause });
      return { ok: true };
    };
    await look();
    assert.deepEqual(shown, ["", scope]);
    assert.equal(await isDue(), false);
    pass(MINUTE);
    assert.equal(await isDue(), true);
    await look();
    assert.deepEqual(shown, ["", scope, ""]);
    pass(60 * MINUTE);
    assert.equal(await isDue(), false);
  });
