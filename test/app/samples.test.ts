import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleGauges } from "../../src/app/samples.ts";
import type { Chat } from "../../src/core/chat.ts";
import { silentLog } from "../../src/core/log.ts";
import type { TimelineEntry } from "../../src/core/timeline.ts";
import { notify } from "../../src/flow/notify.ts";
import { createMetrics } from "../../src/http/metrics.ts";
import { createMemoryQueue } from "../../src/queue/memory.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { viewOf } from "../support/slack-desk.ts";

const MINUTE = 60_000;
const signal = new AbortController().signal;

function house() {
  const time = { now: 1_700_000_000_000 };
  const clock = { now: () => time.now };
  const { store, intake } = createMemoryStore(clock);
  const queue = createMemoryQueue({ clock });
  const metrics = createMetrics({ log: silentLog });
  const set = { current: () => ({ playbooks: [] }), faults: () => [], reload: async () => true, close: async () => {} };
  sampleGauges({ metrics, queue, store, intake, set });
  return {
    time,
    store,
    queue,
    async gauge(name: string): Promise<number> {
      const { body } = await metrics.expose();
      const line = body.split("\n").find((one) => one.startsWith(`stanch_${name} `));
      assert.ok(line, name);
      return Number(line.split(" ").at(-1));
    },
  };
}

test("a wake-up that nobody handles makes its queue older and older", async () => {
  const { time, store, gauge } = house();
  const due = (member: string, at: number) => store.commit({ checks: [], writes: [{ write: "due", member, at }] });
  await due("run:a", 0);
  await due("incident:inc-1", time.now);
  await due("chat:inc-1", time.now + MINUTE);
  time.now += 90_000;
  assert.equal(await gauge('queue_oldest_age_seconds{queue="run"}'), 90);
  assert.equal(await gauge('queue_oldest_age_seconds{queue="notify"}'), 30);
});

test("what a chat does not take waits since it was said, between two attempts too, until it is posted", async () => {
  const { time, store, queue, gauge } = house();
  let up = false;
  const chat: Chat = {
    name: "slack",
    async publish(_view, entries, state, save) {
      if (!up) return { ok: false, retryAfter: 30_000, why: "down" };
      await save({ ...state, delivered: state.delivered + entries.length });
      return { ok: true };
    },
  };
  const entry: TimelineEntry = { at: time.now, kind: "run", text: "one", by: "stanch" };
  await store.commit({
    checks: [],
    writes: [
      { write: "append", list: "timeline:inc-12", items: [entry] },
      { write: "due", member: "chat:inc-12", at: 0 },
    ],
  });
  const desk = {
    incident: async () => viewOf({ timelineLength: 1 }),
    timeline: (id: string, from = 0) => store.list<TimelineEntry>(`timeline:${id}`, from),
  };
  const deps = { store, queue, chat, desk, metrics: { posted: () => {} }, log: silentLog };
  const waiting = () => Promise.all([gauge("outbox_waiting"), gauge("outbox_oldest_age_seconds")]);
  assert.deepEqual(await waiting(), [1, 0]);
  for (let turn = 0; turn < 12; turn++) {
    await notify(deps, "inc-12", signal);
    time.now += 31_000;
  }
  await notify(deps, "inc-12", signal);
  assert.deepEqual(await waiting(), [1, 12 * 31]);
  up = true;
  time.now += 31_000;
  await notify(deps, "inc-12", signal);
  assert.deepEqual(await waiting(), [0, 0]);
  assert.deepEqual((await store.get("chat", "inc-12"))?.body, { delivered: 1, approvals: {} });
});
