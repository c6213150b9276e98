import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChatState, Published } from "../../src/core/chat.ts";
import { publisher, START } from "../support/publisher.ts";

const MINUTE = 60_000;
const REFUSED: Published = { ok: false, retryAfter: 10 * MINUTE, why: "429" };

test("what the chat has refused counts as behind from the first refusal on, until it is shown", async () => {
  const { chat, look, pass, behind, since, store } = await publisher();
  chat.answer = async () => REFUSED;
  await look();
  pass(10 * MINUTE);
  await look();
  assert.deepEqual([await behind(), await since()], [["inc-1"], START]);
  chat.answer = async () => ({ ok: true });
  pass(10 * MINUTE);
  await look();
  assert.deepEqual([await behind(), await since(), chat.looks], [[], undefined, 3]);
  assert.equal((await store.get<ChatState>("chat", "inc-1"))?.body.delivered, 0, "the rest of what is known stays");
});

test("of an incident that is gone nothing is left behind, and nobody holds it", async () => {
  const { chat, look, pass, behind, store, commit } = await publisher();
  chat.answer = async () => REFUSED;
  await look();
  await commit({ write: "delete", kind: "incident", id: "inc-1" });
  pass(10 * MINUTE);
  await look();
  assert.deepEqual([await behind(), await store.get("chat", "inc-1"), chat.looks], [[], undefined, 1]);
  assert.notEqual(await store.claim("chat:inc-1", MINUTE), undefined);
});

/** Freezes a publisher past its claim, lets another one look meanwhile, and lets the first go on with this answer. */
async function thaw(first: Published, second: Published) {
  const world = await publisher();
  const { chat, look, pass } = world;
  let goOn = (_: Published): void => undefined;
  chat.answer = () =>
    new Promise((resolve) => {
      goOn = resolve;
    });
  const frozen = look();
  while (chat.looks === 0) await new Promise((resolve) => setImmediate(resolve));
  pass(2 * MINUTE);
  chat.answer = async () => second;
  await look();
  assert.equal(chat.looks, 2);
  goOn(first);
  await frozen;
  return world;
}

test("a publisher that was frozen past its claim ends nothing that another one has planned", async () => {
  const { isDue, pass, behind } = await thaw({ ok: true }, REFUSED);
  assert.deepEqual([await isDue(), await behind()], [false, ["inc-1"]]);
  pass(10 * MINUTE);
  assert.equal(await isDue(), true);
});

test("nor does its refusal count where another one has shown everything", async () => {
  const { isDue, pass, behind } = await thaw(REFUSED, { ok: true });
  pass(60 * MINUTE);
  assert.deepEqual([await isDue(), await behind()], [false, []]);
});
