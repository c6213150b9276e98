import { createEngine } from "../../src/app/engine.ts";
import { createPlaybookOf } from "../../src/app/playbooks.ts";
import { createConsoleChat } from "../../src/chat/console/console-chat.ts";
import type { Config } from "../../src/core/config.ts";
import { silentLog } from "../../src/core/log.ts";
import { indexPlaybooks } from "../../src/core/match-index.ts";
import { noMetrics } from "../../src/core/metrics.ts";
import { parsePlaybook } from "../../src/core/playbook/parse.ts";
import type { Queue } from "../../src/core/queue.ts";
import type { Store } from "../../src/core/store.ts";
import { createDesk } from "../../src/flow/desk/desk.ts";
import { notify } from "../../src/flow/notify.ts";
import { createWakeHandler } from "../../src/flow/wake.ts";
import { createAlertmanager } from "../../src/sources/alertmanager.ts";
import { memoryIntake } from "../../src/store/memory/intake.ts";
import { emptyState, type MemoryState } from "../../src/store/memory/state.ts";
import { memoryStore } from "../../src/store/memory/store.ts";
import { actionsOf } from "./control/systems.ts";

export const START = 1_767_225_600_000;
export const MINUTE = 60_000;
export const DAY = 24 * 60 * MINUTE;

const QUEUE: Queue = {
  wake: async () => {},
  work: async () => {},
  canary: async () => true,
  depth: async () => 0,
  stop: async () => {},
};

const PLAYBOOK = `
name: respond
description: change a thing, for an hour
match: ['alertname = "Down"']
severity: [P0, P1, P2]
target: 'thing:\${{ alert.labels.service }}'
autonomy: { P1: approve }
steps:
  - id: change
    uses: test.change
    with: { to: 'thing:\${{ alert.labels.service }}' }
    lease: { for: 1h }
`;

export type RetentionHouse = Awaited<ReturnType<typeof openRetentionHouse>>;

/** The whole flow with the console chat, on a memory that can be looked into; time is virtual. */
export async function openRetentionHouse(config: Config) {
  const clock = { at: START };
  const state: MemoryState = emptyState({ now: () => clock.at });
  const [store, intake] = [memoryStore(state), memoryIntake(state)];
  const actions = actionsOf([], () => ({ ok: true, done: true, output: { value: 1 } }));
  const all = [parsePlaybook(PLAYBOOK, "respond.yaml", { actions, facts: [] })];
  const index = indexPlaybooks(all);
  const source = createAlertmanager({ kind: "none" }, { now: () => clock.at });
  const written = new Map<string, string>();
  const engine = createEngine({
    config,
    store,
    intake,
    queue: QUEUE,
    actions,
    connections: {
      find() {
        throw new Error("no connections here");
      },
    },
    sources: new Map([["alertmanager", source]]),
    playbooks: { all: () => all, byName: (name) => all.find((one) => one.name === name), index: () => index },
    playbookOf: createPlaybookOf(store, { actions, facts: config.facts.map((fact) => fact.name) }),
    slackGroup: async () => new Set(),
    files: {
      create: async (path, text) => void written.set(path, text),
      appendOnce: async (path, line) => void written.set(path, `${written.get(path) ?? ""}${line}\n`),
    },
    metrics: noMetrics,
    log: silentLog,
  });
  const desk = createDesk({
    store,
    playbooks: () => all,
    demoted: async () => (await engine.limits()).demoted,
    decide: engine.decide,
    plan: async () => ({ alerts: [], runs: [] }),
    preview: async () => ({ alerts: [], runs: [] }),
    unassessed: async () => [],
  });
  const chat = createConsoleChat({ write: () => {} });
  const publish = (id: string, signal: AbortSignal): Promise<void> =>
    notify({ store, desk, chat, queue: QUEUE, metrics: noMetrics, log: silentLog }, id, signal);
  const handle = createWakeHandler({ ...engine.wakeDeps, publish });
  return { clock, state, store, intake, desk, written, ...moves({ clock, store, intake, engine, handle, source }) };
}

type Parts = {
  clock: { at: number };
  store: Store;
  intake: ReturnType<typeof memoryIntake>;
  engine: ReturnType<typeof createEngine>;
  handle: ReturnType<typeof createWakeHandler>;
  source: ReturnType<typeof createAlertmanager>;
};

function moves({ clock, store, intake, engine, handle, source }: Parts) {
  const running = new AbortController().signal;
  const drain = async (): Promise<void> => {
    for (const entry of await intake.read({ count: 100, block: 0 })) await engine.assess.entry(entry);
    for (let rounds = 0; rounds < 500; rounds++) {
      const due = await store.due(1_000);
      if (due.length === 0) return;
      for (const { member } of due) await handle(member, running, running);
    }
    throw new Error("wake-ups never end");
  };
  return {
    drain,
    /** Sends one alert as Alertmanager does. */
    async send(status: "firing" | "resolved", labels: Readonly<Record<string, string>>) {
      const at = new Date(clock.at).toISOString();
      const endsAt = status === "resolved" ? at : "0001-01-01T00:00:00Z";
      const alert = {
        status,
        labels,
        annotations: {},
        startsAt: at,
        endsAt,
        generatorURL: "",
        fingerprint: labels["service"],
      };
      const body = { version: "4", groupKey: labels["service"], status, receiver: "s", alerts: [alert] };
      const text = JSON.stringify(body);
      await intake.accept(source.parse(text), Buffer.from(text));
      await drain();
    },
    /** Lets time go by in steps. */
    async pass(time: number, step = MINUTE) {
      const end = clock.at + time;
      while (clock.at < end) {
        clock.at = Math.min(end, clock.at + step);
        await drain();
      }
    },
    decide: engine.decide,
  };
}
