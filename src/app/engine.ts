import { stillKnown } from "../actions/alertmanager/presence.ts";
import { queryPrometheus, sendPagerDuty } from "../actions/index.ts";
import type { ActionTable } from "../core/action.ts";
import type { SourceName } from "../core/alert.ts";
import type { Config } from "../core/config.ts";
import type { Connections } from "../core/connection.ts";
import type { Actor, Decision } from "../core/decision.ts";
import type { AlertRecord } from "../core/episode.ts";
import { AppError } from "../core/errors.ts";
import type { Files } from "../core/files.ts";
import type { Incident } from "../core/incident.ts";
import type { Log } from "../core/log.ts";
import type { MatchIndex } from "../core/match-index.ts";
import type { Metrics } from "../core/metrics.ts";
import type { Playbook } from "../core/playbook/playbook.ts";
import type { Queue } from "../core/queue.ts";
import type { Run } from "../core/run/run.ts";
import type { Source } from "../core/source.ts";
import type { Store } from "../core/store.ts";
import type { Instant, Milliseconds } from "../core/time.ts";
import { type Assess, createAssess } from "../flow/assess/assess.ts";
import type { AssessPorts } from "../flow/assess/deps.ts";
import { createFactReader, type FactReader } from "../flow/assess/facts.ts";
import { decide } from "../flow/decide/decide.ts";
import { gatherChat } from "../flow/gather-chat.ts";
import { openLadders } from "../flow/open-ladders.ts";
import { openedPart } from "../flow/opened.ts";
import type { PageEvent } from "../flow/page.ts";
import { poisonWrites } from "../flow/poison.ts";
import { raisedWrites } from "../flow/raised.ts";
import { resolvedWrites } from "../flow/resolved.ts";
import { type AutonomyLimits, planRun } from "../flow/run/create-run.ts";
import type { WakeDeps } from "../flow/wake.ts";
import type { RetainedIntake } from "../store/retained-intake.ts";
import type { NewRuns } from "./new-runs.ts";

/** What the four hops share. */
export type EngineParts = {
  config: Config;
  store: Store;
  intake: RetainedIntake;
  queue: Queue;
  /** Absent where nothing is begun at once. */
  newRuns?: NewRuns;
  actions: ActionTable;
  connections: Connections;
  sources: ReadonlyMap<SourceName, Source>;
  playbooks: { all(): readonly Playbook[]; byName(name: string): Playbook | undefined; index(): MatchIndex };
  playbookOf(run: Run): Promise<Playbook>;
  slackGroup(id: string): Promise<ReadonlySet<string>>;
  /** Where reports and logs go; absent: nowhere. */
  files?: Files;
  metrics: Metrics;
  log: Log;
  /** How long one worker holds a run without showing life; 60 s unless a test is in a hurry. */
  claimFor?: Milliseconds;
};

export type Engine = {
  assess: Assess;
  facts: FactReader;
  limits(): Promise<AutonomyLimits>;
  decide(actor: Actor, decision: Decision): ReturnType<typeof decide>;
  wakeDeps: Omit<WakeDeps, "publish">;
};

/** A query for a fact is given up after this. */
const QUERY_WITHIN = 5_000;
/** A worker's claim on a run; an action's call takes 30 s at most. */
const CLAIM_FOR = 60_000;

/** Wires assess, advance and decide over one store. */
export function createEngine(parts: EngineParts): Engine {
  const { config, store } = parts;
  const queue = gatherChat(parts.queue);
  const facts = createFactReader({
    rules: config.facts,
    query: (text, connection) => queryFact(parts, text, connection),
    clock: () => performance.now(),
  });
  const limits = createLimits(store, config);
  const assess = createAssess(assessPorts(parts, facts));
  const decideDeps = {
    ...parts,
    queue,
    playbook: (name: string) => parts.playbooks.byName(name),
    playbookNames: () => parts.playbooks.all().map((one) => one.name),
    autonomyLimits: limits,
  };
  const wakeDeps = {
    ...decideDeps,
    measure: facts.readFresh,
    ladders: (incident: Incident) => openLadders(store, parts.playbooks.index(), incident),
    assess: (member: string) => assess.wake(member),
    monotonic: () => performance.now(),
    claimFor: parts.claimFor ?? CLAIM_FOR,
    queue,
    forget: (before: Instant) => parts.intake.forget(before),
    page: (name: string, event: PageEvent, signal: AbortSignal) =>
      sendPagerDuty(parts.connections.find("pagerduty", name), event, signal),
  };
  return {
    assess,
    facts,
    limits,
    decide: (actor, decision) => decide(decideDeps, actor, decision),
    wakeDeps,
  };
}

/** A demotion is none of a new run's business: the guards read it before each change, and what is read here could be lifted by then. */
const NOT_DEMOTED: ReadonlySet<string> = new Set();

function assessPorts(parts: EngineParts, facts: FactReader): AssessPorts {
  const { intake, queue, config, connections } = parts;
  const store: Store = { ...parts.store, next: aheadOf(parts.store) };
  return {
    store,
    intake,
    config,
    parse: (source, body) => parseWith(parts.sources, source, body),
    index: () => parts.playbooks.index(),
    facts,
    planRun: (request) => planRun(request, { ceiling: config.autonomy, demoted: NOT_DEMOTED }, connections),
    resolvedWrites: (incident, now) => resolvedWrites(store, incident, { now }),
    openedPart: (incident, now) => openedPart(config.escalation, incident, now),
    raisedWrites: (incident, from, now) => raisedWrites({ store, config }, incident, { from, now }),
    poisonWrites: (records, now) => poisonWrites(store, records, now),
    stillFiring: (record) => stillFiring(parts, record),
    placeForRun: () => parts.newRuns?.place(),
    claimFor: parts.claimFor ?? CLAIM_FOR,
    monotonic: () => performance.now(),
    wake(wakes) {
      for (const { member, at, delay } of wakes) void queue.wake(member, at, delay);
    },
    log: parts.log,
    metrics: parts.metrics,
  };
}

/** The next number is asked for before it is needed; one that was not used is a gap, after a restart. */
function aheadOf(store: Store): Store["next"] {
  const spare = new Map<string, Promise<number>>();
  return (counter) => {
    const taken = spare.get(counter) ?? store.next(counter);
    const next = store.next(counter);
    next.catch(() => spare.delete(counter));
    spare.set(counter, next);
    return taken;
  };
}

/** A source that was taken out of the configuration can still have bodies waiting; they become poison, visibly. */
export function parseWith(sources: ReadonlyMap<SourceName, Source>, source: SourceName, body: string) {
  const found = sources.get(source);
  if (!found) throw new AppError("invalid_request", `the source ${source} is not configured in stanch.yaml`);
  return found.parse(body);
}

async function queryFact({ connections, log }: EngineParts, text: string, name?: string): Promise<number | null> {
  try {
    const result = await queryPrometheus(connections.find("prometheus", name), text, AbortSignal.timeout(QUERY_WITHIN));
    return result.ok ? result.value : null;
  } catch (err) {
    log.warn({ err }, "a fact cannot be queried");
    return null;
  }
}

async function stillFiring({ config, connections }: EngineParts, { source, alert }: AlertRecord) {
  if (source !== "alertmanager") return "unreadable";
  const names = Object.keys(config.connections.alertmanager);
  const asked = names.map((name) => connections.find("alertmanager", name));
  return stillKnown(asked, alert, AbortSignal.timeout(QUERY_WITHIN));
}

/** The ceiling and which playbooks are demoted, read anew each time. */
function createLimits(store: Store, config: Config): () => Promise<AutonomyLimits> {
  return async () => {
    const page = await store.page("demotions", { limit: 1_000 });
    return { ceiling: config.autonomy, demoted: new Set(page.members) };
  };
}
