import type { Alert, AlertGroup, SourceName } from "../../../src/core/alert.ts";
import type { Config } from "../../../src/core/config.ts";
import { type AlertRecord, episodeId } from "../../../src/core/episode.ts";
import { AppError } from "../../../src/core/errors.ts";
import type { Incident } from "../../../src/core/incident.ts";
import type { Intake } from "../../../src/core/intake.ts";
import { silentLog } from "../../../src/core/log.ts";
import { indexPlaybooks } from "../../../src/core/match-index.ts";
import type { Playbook } from "../../../src/core/playbook/playbook.ts";
import type { RunCreated } from "../../../src/core/run/events.ts";
import type { Store } from "../../../src/core/store.ts";
import type { TimelineEntry } from "../../../src/core/timeline.ts";
import { type Assess, createAssess } from "../../../src/flow/assess/assess.ts";
import type { AssessPorts, Presence, Wake } from "../../../src/flow/assess/deps.ts";
import { createFactReader } from "../../../src/flow/assess/facts.ts";
import { planRun } from "../../../src/flow/run/create-run.ts";
import { createMemoryStore } from "../../../src/store/memory/index.ts";
import { condition } from "./samples.ts";

export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;
/** 2026-01-01T00:00:00Z. */
export const START = 1_767_225_600_000;

type AssessConfig = AssessPorts["config"];

const labelled = (value: string) =>
  condition(`alert.labels.severity == "${value}"`, (at) => at.alert.labels["severity"] === value);

/** Levels by the label `severity`: critical P1, warning P2, disaster P0, anything else none. */
export const BY_LABEL: Config["severity"] = [
  { level: "P0", when: labelled("disaster"), for: 0 },
  { level: "P1", when: labelled("critical"), for: 0 },
  { level: "P2", when: labelled("warning"), for: 0 },
];

const INCIDENTS: Config["incidents"] = {
  correlateBy: ["service", "cluster", "namespace"],
  reopenWithin: 30 * MINUTE,
  bake: 10 * MINUTE,
  maxRuns: 3,
  reassessEvery: MINUTE,
  staleAfter: 9 * HOUR,
};

export type Options = {
  config?: Partial<AssessConfig>;
  playbooks?: readonly Playbook[];
  ports?: Partial<AssessPorts>;
  /** Wraps the memory store or intake, to play faults. */
  store?: (store: Store) => Store;
};

/** What the world's outside answers; a test may change it while it runs. */
type Outside = {
  facts: Map<string, number | null>;
  queries: string[];
  presence: Presence;
  playbooks: readonly Playbook[];
};

export type World = ReturnType<typeof createWorld>;

/** The assess hop on the memory store, with virtual time and a scripted outside. */
export function createWorld(options: Options = {}) {
  const clock = { at: START };
  const outside: Outside = {
    facts: new Map(),
    queries: [],
    presence: "unreadable",
    playbooks: options.playbooks ?? [],
  };
  const memory = createMemoryStore({ now: () => clock.at });
  const store = options.store?.(memory.store) ?? memory.store;
  const wakes: Wake[] = [];
  const config: AssessConfig = { incidents: INCIDENTS, facts: [], severity: BY_LABEL, vars: {}, ...options.config };
  const query = async (text: string): Promise<number | null> => {
    outside.queries.push(text);
    return outside.facts.get(text) ?? null;
  };
  const ports: AssessPorts = {
    store,
    intake: memory.intake,
    parse: (_source, body) => parseGroup(body),
    config,
    index: () => indexPlaybooks(outside.playbooks),
    facts: createFactReader({ rules: config.facts, query, clock: () => clock.at }),
    planRun: (request) => planRun(request, { ceiling: "auto", demoted: new Set() }, {}),
    resolvedWrites: async () => ({ checks: [], writes: [] }),
    openedPart: () => ({ checks: [], writes: [], wakes: [] }),
    raisedWrites: async () => ({ checks: [], writes: [] }),
    poisonWrites: async () => ({ checks: [], writes: [] }),
    stillFiring: async () => outside.presence,
    placeForRun: () => undefined,
    claimFor: 60_000,
    monotonic: () => clock.at,
    wake: (more) => void wakes.push(...more),
    log: silentLog,
    metrics: { poisoned() {} },
    ...options.ports,
  };
  const assess = createAssess(ports);
  return {
    clock,
    outside,
    ports,
    assess,
    wakes,
    store,
    intake: memory.intake,
    ...acts(memory, assess, clock),
    ...views(memory.store),
  };
}

function parseGroup(body: string): AlertGroup {
  const group = JSON.parse(body) as AlertGroup & { unreadable?: boolean };
  if (group.unreadable) throw new AppError("invalid_request", "alerts[0].labels: must be an object");
  return group;
}

type Memory = { store: Store; intake: Intake };

function acts({ store, intake }: Memory, assess: Assess, clock: { at: number }) {
  const drain = async (): Promise<number> => {
    let count = 0;
    for (;;) {
      const entries = await intake.read({ count: 8, block: 0 });
      if (entries.length === 0) return count;
      await Promise.all(entries.map((entry) => assess.entry(entry)));
      count += entries.length;
    }
  };
  const wakeDue = async (): Promise<void> => {
    const due = await store.due(1_000);
    for (const { member } of due) if (/^(incident|assess):/.test(member)) await assess.wake(member);
  };
  return {
    /** Accepts a body without assessing it. */
    post: (alerts: readonly Alert[], more: Partial<AlertGroup> & { unreadable?: boolean } = {}) => {
      const group: AlertGroup = { source: "alertmanager", groupKey: "g", truncatedAlerts: 0, alerts, ...more };
      return intake.accept(group, Buffer.from(JSON.stringify(group)));
    },
    drain,
    wakeDue,
    /** Lets time pass in steps, waking what becomes due on the way. */
    async pass(time: number, step = 5 * SECOND) {
      const end = clock.at + time;
      while (clock.at < end) {
        clock.at = Math.min(end, clock.at + step);
        await wakeDue();
      }
    },
    async send(alerts: readonly Alert[], more: Partial<AlertGroup> = {}) {
      const group: AlertGroup = { source: "alertmanager", groupKey: "g", truncatedAlerts: 0, alerts, ...more };
      await intake.accept(group, Buffer.from(JSON.stringify(group)));
      await drain();
    },
  };
}

function views(store: Store) {
  const incident = async (id: string) => (await store.get<Incident>("incident", id))?.body;
  return {
    incident,
    async incidents(): Promise<readonly Incident[]> {
      const { members } = await store.page("incidents", { limit: 2_000 });
      const docs = await store.getMany<Incident>("incident", members);
      return docs.flatMap((doc) => (doc ? [doc.body] : [])).reverse();
    },
    record: async (fingerprint: string, opening = 1, source: SourceName = "alertmanager") =>
      (await store.get<AlertRecord>("alert", episodeId(source, fingerprint, opening)))?.body,
    async texts(id: string): Promise<readonly string[]> {
      return (await store.list<TimelineEntry>(`timeline:${id}`)).map((entry) => entry.text);
    },
    async runs(): Promise<readonly RunCreated[]> {
      const { members } = await store.page("runs", { limit: 1_000 });
      const rows = await Promise.all(members.map((id) => store.list<RunCreated>(`run:${id}`)));
      return rows.flatMap(([created]) => (created ? [created] : []));
    },
    async indexed(index: string | readonly string[]): Promise<readonly string[]> {
      return (await store.page(index, { limit: 2_000 })).members;
    },
    async isDue(member: string): Promise<number | undefined> {
      const all = await store.due(10_000);
      return all.find((row) => row.member === member)?.at;
    },
  };
}

type AlertParts = Partial<Omit<Alert, "labels">> & {
  name?: string;
  severity?: string;
  labels?: Record<string, string>;
};

/** A firing alert `HighErrorRate` of service litellm in cluster prod; its fingerprint is `f` unless given. */
export function alert({ name = "HighErrorRate", severity = "critical", labels = {}, ...over }: AlertParts = {}): Alert {
  return {
    fingerprint: "f",
    status: "firing",
    labels: { alertname: name, severity, service: "litellm", cluster: "prod", ...labels },
    annotations: {},
    startsAt: START - MINUTE,
    ...over,
  };
}

/** The same alert as its source sends it when it is over. */
export function over(firing: Alert, endsAt: number): Alert {
  return { ...firing, status: "resolved", endsAt };
}
