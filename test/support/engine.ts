import type { AnyAction } from "../../src/core/action.ts";
import type { Config } from "../../src/core/config.ts";
import type { Incident } from "../../src/core/incident.ts";
import type { Lease } from "../../src/core/lease.ts";
import { silentLog } from "../../src/core/log.ts";
import { noMetrics } from "../../src/core/metrics.ts";
import type { Playbook } from "../../src/core/playbook/playbook.ts";
import type { RunEvent } from "../../src/core/run/events.ts";
import { foldRun, type Run } from "../../src/core/run/run.ts";
import type { Store } from "../../src/core/store.ts";
import { revertPlaybook } from "../../src/flow/lease-end.ts";
import { planRun } from "../../src/flow/run/create-run.ts";
import { createWakeHandler, type WakeDeps } from "../../src/flow/wake.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { ALERT } from "./alert.ts";

export * from "./scripted.ts";
export { ALERT };

export const CONFIG = {
  autonomy: "auto",
  incidents: {
    correlateBy: ["service"],
    reopenWithin: 1_800_000,
    bake: 600_000,
    maxRuns: 3,
    reassessEvery: 60_000,
    staleAfter: 32_400_000,
  },
  limits: {
    budget: [],
    targetBudget: [],
    maxConcurrentRuns: 5,
    maxTargetsPerStep: 5,
    fleetFraction: 0.3,
    fleetMin: 10,
    flapping: { changes: 4, per: 1_800_000 },
  },
  freeze: [],
  escalation: [],
  retention: 90 * 24 * 3_600_000,
  approvals: {
    people: { anna: {}, ben: {} },
    groups: { oncall: { people: ["anna", "ben"], slackUsers: [], slackUserGroups: [], apiTokens: [] } },
    default: {
      group: "oncall",
      required: 1,
      requesterMayApprove: true,
      expires: 900_000,
      validFor: 900_000,
      onExpiry: "escalate",
    },
  },
} as unknown as Config;

export type World = {
  /** Whether a worker is handling a wake-up now. */
  atWork(): boolean;
  /** Ends the worker that is at work now, as SIGKILL would; used inside an action or a store call, and awaited there. */
  die(): Promise<never>;
  store: Store;
  actions: Map<string, AnyAction>;
  playbooks: Map<string, Playbook>;
  deps: WakeDeps;
  clock: { now(): number };
  pass(ms: number): Promise<void>;
  /** Lets time go by at once, as if nobody had worked meanwhile. */
  leap(ms: number): Promise<void>;
  drain(): Promise<void>;
  open(name: string, more?: Partial<Incident>, facts?: Readonly<Record<string, number | null>>): Promise<string>;
  run(id: string): Promise<Run>;
  timeline(): Promise<readonly string[]>;
};

/** The flow on the memory store with virtual time; wake-ups come from the due set alone, as if every queue add were lost. */
export function createWorld(config: Config = CONFIG, wrap: (store: Store) => Store = (store) => store): World {
  let now = 1_000_000;
  const clock = { now: () => now };
  const store = wrap(createMemoryStore(clock).store);
  const actions = new Map<string, AnyAction>();
  const playbooks = new Map<string, Playbook>();
  const playbookOf = async (run: Run): Promise<Playbook> => {
    const lease = run.created.lease === undefined ? undefined : await store.get<Lease>("lease", run.created.lease);
    return lease ? revertPlaybook(lease.body) : playbooks.get(run.created.playbook)!;
  };
  const deps: WakeDeps = {
    store,
    queue: {
      wake: async () => {},
      work: async () => {},
      canary: async () => true,
      depth: async () => 0,
      stop: async () => {},
    },
    actions,
    connections: {
      find: () => {
        throw new Error("no connections here");
      },
    },
    config,
    playbookOf,
    measure: async () => ({}),
    metrics: noMetrics,
    log: silentLog,
    monotonic: () => now,
    claimFor: 60_000,
    ladders: async () =>
      new Map([
        [
          "thing:one",
          [...playbooks.values()].map((one) => ({
            playbook: one,
            target: "thing:one",
            entrants: [{ record: ALERT, facts: {} }],
          })),
        ],
      ]),
    autonomyLimits: async () => ({ ceiling: config.autonomy, demoted: new Set<string>() }),
    playbook: (name) => playbooks.get(name),
    playbookNames: () => [...playbooks.keys()],
    slackGroup: async () => new Set<string>(),
    assess: async (member) => {
      await store.commit({ checks: [], writes: [{ write: "undue", member }] });
    },
    publish: async (id) => {
      await store.commit({ checks: [], writes: [{ write: "undue", member: `chat:${id}` }] });
    },
  };
  const handle = createWakeHandler(deps);
  let killed = (): void => undefined;
  let working = false;
  const die = (): Promise<never> => {
    killed();
    return new Promise<never>(() => {});
  };
  const signal = new AbortController().signal;
  const drain = async (): Promise<void> => {
    let before = "";
    for (let rounds = 0; rounds < 500; rounds++) {
      const due = await store.due(50);
      const text = JSON.stringify(due);
      // What a dead worker still holds stays due; only time helps.
      if (due.length === 0 || text === before) return;
      before = text;
      for (const { member } of due) {
        const death = new Promise<void>((resolve) => {
          killed = resolve;
        });
        working = true;
        await Promise.race([handle(member, signal, signal), death]);
        working = false;
      }
    }
    throw new Error("wake-ups never end");
  };
  return {
    store,
    actions,
    playbooks,
    deps,
    clock,
    die,
    atWork: () => working,
    drain,
    async pass(ms) {
      const end = now + ms;
      while (now < end) {
        now = Math.min(end, now + 5_000);
        await drain();
      }
    },
    async leap(ms) {
      now += ms;
      await drain();
    },
    async open(name, more = {}, facts = {}) {
      const incident: Incident = {
        id: "inc-1",
        key: "service=a",
        labels: { service: "a" },
        title: "a is down",
        severity: "P0",
        status: "open",
        opening: 1,
        openedAt: now,
        startedAt: now,
        runs: [],
        leases: [],
        ...more,
      };
      const plan = planRun(
        {
          incident,
          playbook: playbooks.get(name)!,
          alert: ALERT,
          alerts: [ALERT],
          severity: incident.severity,
          facts,
          rung: 0,
          trigger: "firing",
          by: "stanch",
          now,
        },
        { ceiling: config.autonomy, demoted: new Set() },
        deps.connections,
      );
      if (!plan.ok) throw new Error(plan.reason);
      const body = { ...incident, runs: [plan.id] };
      await store.commit({
        checks: [],
        writes: [
          { write: "put", kind: "incident", id: incident.id, body },
          { write: "add", set: `incident:${incident.id}:firing`, members: ["one"] },
          ...plan.writes,
        ],
      });
      return plan.id;
    },
    async run(id) {
      return foldRun((await store.loadRun(id)).events as readonly RunEvent[]);
    },
    async timeline() {
      return (await store.list<{ text: string }>("timeline:inc-1")).map((entry) => entry.text);
    },
  };
}
