import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import type { Approval } from "../../src/core/approval.ts";
import type { Chat, ChatState } from "../../src/core/chat.ts";
import type { Incident } from "../../src/core/incident.ts";
import { silentLog } from "../../src/core/log.ts";
import type { Store } from "../../src/core/store.ts";
import type { TimelineEntry } from "../../src/core/timeline.ts";
import { type NotifyDeps, notify } from "../../src/flow/notify.ts";
import { sweep } from "../../src/flow/sweep.ts";
import { createMemoryQueue, type MemoryQueue } from "../../src/queue/memory.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ID = "inc-1";
const signal = new AbortController().signal;

let now: number;
let store: Store;
let queue: MemoryQueue;
let chat: ChatDouble;
let deps: NotifyDeps;

type ChatDouble = Chat & {
  posted: string[];
  /** What every call meets before it posts anything. */
  weather: () => { ok: true } | { ok: false; retryAfter: number; why: string };
  /** Runs before each post. */
  meanwhile: () => Promise<void>;
};

beforeEach(async () => {
  now = 1_700_000_000_000;
  const clock = { now: () => now };
  store = createMemoryStore(clock).store;
  queue = createMemoryQueue({ clock });
  chat = chatDouble();
  deps = {
    store,
    queue,
    chat,
    metrics: { posted: () => undefined },
    log: silentLog,
    desk: {
      async incident(id) {
        const doc = await store.get<Incident>("incident", id);
        const approval = await store.get<Approval>("approval", "apr-1");
        return (
          doc && {
            incident: doc.body,
            episodes: [],
            firing: 1,
            total: 1,
            runs: [],
            approvals: approval ? [approval.body] : [],
            leases: [],
            timelineLength: await store.length(`timeline:${id}`),
            paused: [],
          }
        );
      },
      timeline: (id, from = 0) => store.list<TimelineEntry>(`timeline:${id}`, from),
    },
  };
  await queue.work(["notify"], 5, (member, signal) => notify(deps, member.slice("chat:".length), signal));
  await put({ id: ID, status: "open" });
});

/** Posts each entry and each approval once, as the adapters do, and saves after each post. */
function chatDouble(): ChatDouble {
  const double: ChatDouble = {
    name: "console",
    posted: [],
    weather: () => ({ ok: true }),
    meanwhile: async () => undefined,
    async publish(view, entries, state, save) {
      const weather = double.weather();
      if (!weather.ok) return weather;
      let known: ChatState = state;
      const post = async (text: string, change: Partial<ChatState>): Promise<void> => {
        await double.meanwhile();
        double.posted.push(text);
        known = { ...known, ...change };
        await save(known);
      };
      for (const { id } of view.approvals) {
        if (known.approvals[id]) continue;
        await post(`approval ${id}`, { approvals: { ...known.approvals, [id]: { message: id, shown: "" } } });
      }
      for (const entry of entries) await post(entry.text, { delivered: known.delivered + 1 });
      return { ok: true };
    },
  };
  return double;
}

async function put(incident: Partial<Incident> & { id: string }): Promise<void> {
  await store.commit({ checks: [], writes: [{ write: "put", kind: "incident", id: incident.id, body: incident }] });
}

/** Appends to the timeline as the engine does: the chat becomes due in the same commit, and is woken after it. */
async function say(text: string, id = ID): Promise<void> {
  const entry: TimelineEntry = { at: now, kind: "run", text, by: "stanch" };
  await store.commit({
    checks: [],
    writes: [
      { write: "append", list: `timeline:${id}`, items: [entry] },
      { write: "due", member: `chat:${id}`, at: 0 },
    ],
  });
  await queue.wake(`chat:${id}`, now);
}

const dueMembers = async (): Promise<string[]> => (await store.due(100)).map(({ member }) => member);

async function later(ms: number): Promise<void> {
  now += ms;
  await sweep({ store, queue, log: silentLog });
  await queue.drain();
}

describe("publishing an incident", () => {
  test("shows what is new, once and in order, and is no longer due", async () => {
    await say("one");
    await say("two");
    await queue.drain();
    await say("three");
    await queue.drain();
    assert.deepEqual(chat.posted, ["one", "two", "three"]);
    assert.deepEqual(await dueMembers(), []);
  });

  test("a hundred wake-ups at once post everything once", async () => {
    await say("one");
    await Promise.all(Array.from({ length: 100 }, () => notify(deps, ID, signal)));
    assert.deepEqual(chat.posted, ["one"]);
    assert.deepEqual(await dueMembers(), []);
  });

  test("what happens while it posts is posted by the same turn", async () => {
    await say("one");
    let said = false;
    chat.meanwhile = async () => {
      if (said) return;
      said = true;
      await say("two");
    };
    await notify(deps, ID, signal);
    assert.deepEqual(chat.posted, ["one", "two"]);
    assert.deepEqual(await dueMembers(), []);
  });

  test("approvals are shown with the incident", async () => {
    await say("approval is asked");
    const body = { id: "apr-1" };
    await store.commit({ checks: [], writes: [{ write: "put", kind: "approval", id: "apr-1", body }] });
    await queue.drain();
    assert.deepEqual(chat.posted, ["approval apr-1", "approval is asked"]);
  });

  test("a chat that is down for an hour gets everything afterwards, in order", async () => {
    const expected: string[] = [];
    chat.weather = () => ({ ok: false, retryAfter: 5_000, why: "down" });
    for (let minute = 0; minute < 60; minute++) {
      expected.push(`minute ${minute}`);
      await say(`minute ${minute}`);
      await later(60_000);
    }
    assert.deepEqual(chat.posted, []);
    chat.weather = () => ({ ok: true });
    await later(5_000);
    assert.deepEqual(chat.posted, expected);
    assert.deepEqual(await dueMembers(), []);
  });

  test("it comes back when the chat says so, without a sweep", async () => {
    let tries = 0;
    chat.weather = () => (tries++ === 0 ? { ok: false, retryAfter: 1_500, why: "pacing" } : { ok: true });
    await say("one");
    await queue.drain();
    assert.equal(queue.next(), now + 1_500);
    now += 1_500;
    await queue.drain();
    assert.deepEqual(chat.posted, ["one"]);
  });

  test("wake-ups that come before the chat may be asked again look at nothing; what is new is looked at at once", async () => {
    let looks = 0;
    chat.weather = () => ({ ok: false, retryAfter: ++looks * 40_000, why: "pacing" });
    await say("one");
    await queue.drain();
    for (let wake = 0; wake < 20; wake += 1) await queue.wake(`chat:${ID}`, now + wake);
    await later(39_000);
    assert.equal(looks, 1);
    await say("two");
    await queue.drain();
    assert.equal(looks, 2);
    await later(79_000);
    assert.equal(looks, 2, "the wake-up that the first look left is over");
    await later(1_000);
    assert.equal(looks, 3);
  });

  test("what comes while the chat says to wait is not left until then", async () => {
    let looks = 0;
    chat.weather = () => (looks === 1 ? { ok: false, retryAfter: 60_000, why: "pacing" } : { ok: true });
    const { publish } = chat;
    chat.publish = async (...call) => {
      looks += 1;
      const published = await publish(...call);
      if (looks === 1) await say("two");
      return published;
    };
    await say("one");
    await queue.drain();
    assert.deepEqual([looks, chat.posted], [2, ["one", "two"]]);
  });

  test("a publisher that dies is followed by another that goes on where it stopped", async () => {
    await say("one");
    await say("two");
    let count = 0;
    chat.meanwhile = () => (++count === 2 ? new Promise(() => undefined) : Promise.resolve());
    void notify(deps, ID, signal);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(chat.posted, ["one"]);
    chat.meanwhile = async () => undefined;
    await later(61_000);
    assert.deepEqual(chat.posted, ["one", "two"]);
  });

  test("a publisher that was frozen past its claim posts nothing more", async () => {
    await say("one");
    await say("two");
    await say("three");
    let wake: () => void = () => undefined;
    let count = 0;
    chat.meanwhile = () => (++count === 1 ? new Promise((resolve) => (wake = resolve)) : Promise.resolve());
    const frozen = notify(deps, ID, signal);
    await new Promise((resolve) => setImmediate(resolve));
    await later(61_000);
    assert.deepEqual(chat.posted, ["one", "two", "three"]);
    wake();
    await frozen;
    assert.deepEqual(chat.posted, ["one", "two", "three", "one"], "the one post that was under way, and no other");
    assert.equal((await store.get<ChatState>("chat", ID))?.body.delivered, 3);
  });

  test("a bug in the chat is tried again half a minute later", async () => {
    await say("one");
    chat.meanwhile = async () => {
      throw new Error("bug");
    };
    await queue.drain();
    chat.meanwhile = async () => undefined;
    await later(29_000);
    assert.deepEqual(chat.posted, []);
    await later(1_000);
    assert.deepEqual(chat.posted, ["one"]);
  });

  test("an incident that is gone is forgotten", async () => {
    await say("one");
    await store.commit({ checks: [], writes: [{ write: "delete", kind: "incident", id: ID }] });
    await queue.drain();
    assert.deepEqual(chat.posted, []);
    assert.deepEqual(await dueMembers(), []);
  });

  test("what was posted is remembered as long as there is the incident, or all of it would be posted again", async () => {
    await put({ id: ID, status: "resolved" });
    await say("over");
    await queue.drain();
    now += 500 * DAY;
    await say("its lease has ended");
    await queue.drain();
    assert.deepEqual(chat.posted, ["over", "its lease has ended"]);
  });

  test("one incident that the chat refuses holds up no other", async () => {
    await put({ id: "inc-2", status: "open" });
    const publish = chat.publish;
    chat.publish = async (view, ...rest) =>
      view.incident.id === ID ? { ok: false, retryAfter: 60_000, why: "429" } : publish(view, ...rest);
    await say("stuck");
    await say("fine", "inc-2");
    await queue.drain();
    assert.deepEqual(chat.posted, ["fine"]);
  });
});

test("the recovery wake-ups that claims make do not pile up", async () => {
  await say("one");
  await queue.drain();
  now += HOUR;
  assert.deepEqual(await dueMembers(), []);
});
