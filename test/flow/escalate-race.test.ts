import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Config, EscalationLevel } from "../../src/core/config.ts";
import type { EscalationState } from "../../src/core/escalation.ts";
import type { Incident } from "../../src/core/incident.ts";
import type { Store, Tx, Write } from "../../src/core/store.ts";
import type { TimelineEntry } from "../../src/core/timeline.ts";
import { decide } from "../../src/flow/decide/decide.ts";
import { followIncident } from "../../src/flow/follow.ts";
import { ANNA, CONFIG, createWorld, playbook, scripted, step, type World } from "../support/engine.ts";
import { puts, racing } from "../support/racing.ts";

const MINUTE = 60_000;
const SEVERITIES = ["P0", "P1", "P2"] as const;
const NEEDED: EscalationLevel = { after: 0, when: "needs-person", severities: SEVERITIES, notify: ["slack:@oncall"] };
const OPEN: EscalationLevel = { after: 0, when: "unmitigated", severities: SEVERITIES, notify: ["slack:@oncall"] };
const PAGED: EscalationLevel = { ...OPEN, notify: ["pagerduty:platform"] };
const LOST = { ok: false, reason: "timeout", message: "no answer", retryable: false, sent: "unknown" } as const;

type Race = { isMeant(tx: Tx): boolean; meanwhile(world: World): Promise<unknown> };

function worldOf(levels: readonly EscalationLevel[], race?: Race): World {
  const world = createWorld(
    { ...CONFIG, escalation: levels } as Config,
    racing(
      (tx) => race?.isMeant(tx) === true,
      async () => race?.meanwhile(world),
    ),
  );
  scripted(world.actions, "t.lost", { answer: () => LOST });
  world.playbooks.set("lost", playbook("lost", [step("a", "t.lost")]));
  world.playbooks.set("waits", playbook("waits", [{ kind: "wait", id: "w", for: 500 * MINUTE }]));
  return world;
}

async function calls({ store }: World): Promise<readonly string[]> {
  const entries = await store.list<TimelineEntry>("timeline:inc-1");
  return entries.filter(({ kind }) => kind === "escalation").map(({ text }) => text);
}

async function change({ store }: World, more: Partial<Incident>, writes: readonly Write[] = []): Promise<void> {
  const doc = await store.get<Incident>("incident", "inc-1");
  const body = { ...doc?.body, ...more };
  await store.commit({ checks: [], writes: [{ write: "put", kind: "incident", id: "inc-1", body }, ...writes] });
}

async function look({ store, drain }: World): Promise<void> {
  await store.commit({ checks: [], writes: [{ write: "due", member: "follow:inc-1", at: 0 }] });
  await drain();
}

const stateOf = async (store: Store) => (await store.get<EscalationState>("escalation", "inc-1"))?.body;
const isPlan = ({ writes }: Tx): boolean =>
  writes.some((write) => "member" in write && write.member === "follow:inc-1" && write.write !== "index") &&
  !writes.some(({ write }) => write === "put");

describe("what comes while people are about to be called", () => {
  test("an acknowledgement keeps the levels from calling", async () => {
    const world = worldOf([OPEN], {
      isMeant: (tx) => puts<EscalationState>(tx, "escalation", ({ call }) => call !== undefined),
      meanwhile: ({ deps }) => decide(deps, ANNA, { verb: "ack", incident: "inc-1" }),
    });
    await world.open("waits");
    await look(world);
    assert.deepEqual(await calls(world), []);
  });

  test("a severity that rises just before the next look is planned is acted on at once", async () => {
    const world = worldOf([{ ...OPEN, severities: ["P0"] }], {
      isMeant: isPlan,
      meanwhile: (at) => change(at, { severity: "P0" }, [{ write: "due", member: "follow:inc-1", at: 0 }]),
    });
    await world.open("waits", { severity: "P2" });
    await look(world);
    assert.deepEqual(await calls(world), ["P0: not mitigated 0s after it opened"]);
  });

  test("so is a need that arises then, of which only the timeline tells", async () => {
    const task = { id: "tsk-1", ask: "look", createdAt: 1_000_000 };
    const world = worldOf([NEEDED], {
      isMeant: isPlan,
      meanwhile: async ({ store }) => {
        const { members } = await store.page("runs", { limit: 1 });
        const line: TimelineEntry = { at: 1_000_000, kind: "run", text: "asks", by: "stanch" };
        await store.commit({
          checks: [],
          writes: [
            { write: "put", kind: "task", id: "tsk-1", body: { ...task, runId: members[0] ?? "" } },
            { write: "index", index: "tasks:open", member: "tsk-1", score: 1 },
            { write: "append", list: "timeline:inc-1", items: [line] },
            { write: "due", member: "follow:inc-1", at: 0 },
          ],
        });
      },
    });
    await world.open("waits");
    await look(world);
    assert.deepEqual(await calls(world), ["P0: task tsk-1 waits: look"]);
  });

  test("a call that is made while a page is sent is kept with the page's result", async () => {
    const world = worldOf([PAGED], {
      isMeant: (tx) => puts<EscalationState>(tx, "escalation", ({ pages }) => pages["platform"]?.event === "triggered"),
      meanwhile: async ({ store }) => {
        const body = { ...(await stateOf(store)), armedAt: 7 };
        await store.commit({ checks: [], writes: [{ write: "put", kind: "escalation", id: "inc-1", body }] });
      },
    });
    world.deps.page = async () => ({ ok: true });
    await world.open("waits");
    await look(world);
    const { armedAt, pages } = (await stateOf(world.store)) ?? {};
    assert.deepEqual([armedAt, pages?.["platform"]?.event], [7, "triggered"]);
  });
});

describe("without levels", () => {
  const isCall = (tx: Tx): boolean => puts<EscalationState>(tx, "escalation", () => true);

  test("many workers at once call once", async () => {
    const world = worldOf([]);
    const run = await world.open("lost");
    await world.pass(MINUTE);
    await change(world, {}, [{ write: "delete", kind: "escalation", id: "inc-1" }]);
    const before = (await calls(world)).length;
    await Promise.all([1, 2, 3, 4].map(() => followIncident(world.deps, "inc-1")));
    assert.equal((await calls(world)).length - before, 1, run);
  });

  test("an acknowledgement that comes just before puts a call for a task off", async () => {
    const world = worldOf([], {
      isMeant: isCall,
      meanwhile: ({ deps }) => decide(deps, ANNA, { verb: "ack", incident: "inc-1" }),
    });
    const runId = await world.open("waits");
    const body = { id: "tsk-1", ask: "look", runId, createdAt: 1_000_000 };
    const writes: readonly Write[] = [
      { write: "put", kind: "task", id: "tsk-1", body },
      { write: "index", index: "tasks:open", member: "tsk-1", score: 1 },
    ];
    await world.store.commit({ checks: [], writes });
    await look(world);
    assert.deepEqual(await calls(world), []);
  });

  test("each need calls once, also those that come after others", async () => {
    const world = worldOf([]);
    await world.open("lost");
    const ids = ["tsk-1", "tsk-2"];
    for (const id of ids) {
      await world.pass(MINUTE);
      const [runId = ""] = (await world.store.page("runs", { limit: 1 })).members;
      await world.store.commit({
        checks: [],
        writes: [
          { write: "put", kind: "task", id, body: { id, ask: "look", runId, createdAt: 1_000_000 } },
          { write: "index", index: "tasks:open", member: id, score: 1 },
        ],
      });
      await look(world);
    }
    for (let minute = 0; minute < 5; minute++) await look(world);
    const [lost = "", ...tasks] = await calls(world);
    assert.match(lost, /waits for an answer/);
    assert.deepEqual(
      tasks,
      ids.map((id) => `a person is needed: task ${id} waits: look`),
    );
  });
});

describe("what people are called for is shown though no wake-up comes through", () => {
  test("a call, and that PagerDuty could not be told", async () => {
    const world = worldOf([PAGED]);
    const shown: number[] = [];
    const { publish } = world.deps;
    world.deps.publish = async (id, signal) => {
      shown.push(await world.store.length(`timeline:${id}`));
      await publish(id, signal);
    };
    world.deps.page = async () => {
      await publish("inc-1", new AbortController().signal);
      return { ok: false, message: "no answer" };
    };
    await world.open("waits");
    await world.drain();
    await look(world);
    const lines = await calls(world);
    assert.match(lines.join("; "), /^P0: not mitigated .*; PagerDuty \(platform\) could not be told: no answer/);
    assert.equal(shown.at(-1), await world.store.length("timeline:inc-1"));
  });
});
