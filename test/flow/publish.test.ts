import assert from "node:assert/strict";
import { test } from "node:test";
import { CHATS_BEHIND, type ChatState, type Published } from "../../src/core/chat.ts";
import type { Incident } from "../../src/core/incident.ts";
import { silentLog } from "../../src/core/log.ts";
import type { Write } from "../../src/core/store.ts";
import { incidentView } from "../../src/flow/desk/incident-view.ts";
import { type NotifyDeps, notify } from "../../src/flow/notify.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";

const MINUTE = 60_000;
const START = 1_700_000_000_000;
const REFUSED: Published = { ok: false, retryAfter: 10 * MINUTE, why: "429" };

/** One incident that is due in the chat, which answers as it is told to. */
async function publisher() {
  let now = START;
  const { store } = createMemoryStore({ now: () => now });
  const chat = { looks: 0, answer: async (): Promise<Published> => ({ ok: true }) };
  const incident = { id: "inc-1", status: "open", runs: [], leases: [] } as unknown as Incident;
  const commit = (...writes: readonly Write[]) => store.commit({ checks: [], writes });
  await commit(
    { write: "put", kind: "incident", id: "inc-1", body: incident },
    { write: "put", kind: "chat", id: "inc-1", body: { delivered: 0, approvals: {} } },
    { write: "due", member: "chat:inc-1", at: 0 },
  );
  const deps: NotifyDeps = {
    store,
    queue: { wake: async () => {} },
    desk: { incident: (id) => incidentView(store, id), timeline: async () => [] },
    chat: {
      name: "console",
      publish: () => {
        chat.looks += 1;
        return chat.answer();
      },
    },
    metrics: { posted: () => undefined },
    log: silentLog,
  };
  return {
    store,
    chat,
    commit,
    look: () => notify(deps, "inc-1", new AbortController().signal),
    pass: (ms: number) => {
      now += ms;
    },
    behind: async () => (await store.page(CHATS_BEHIND, { limit: 9 })).members,
    since: async () => (await store.get<ChatState>("chat", "inc-1"))?.body.behindSince,
    isDue: async () => (await store.due(9)).some(({ member }) => member === "chat:inc-1"),
  };
}

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
