import { codeOf } from "../core/errors.ts";
import { type Incident, isManual } from "../core/incident.ts";
import type { RunEvent } from "../core/run/events.ts";
import { foldRun, type Run } from "../core/run/run.ts";
import type { Doc, Tx, Write } from "../core/store.ts";
import type { Instant } from "../core/time.ts";
import type { Candidate } from "./assess/select.ts";
import { type Ascent, called, climb, told } from "./climb.ts";
import { say } from "./decide/deps.ts";
import { type LadderStep, ladderStep, lastRung, outlived, runsByTarget } from "./ladder.ts";
import { lapsedOf } from "./needs.ts";
import type { AutonomyLimits } from "./run/create-run.ts";
import type { RunDeps } from "./run/deps.ts";
import { storedTerms } from "./run/lost-playbook.ts";

/** What following an incident's runs needs besides what runs need. */
export type SettleDeps = RunDeps & {
  autonomyLimits(): Promise<AutonomyLimits>;
};

/**
 * Follows the runs of an incident: marks it mitigated when one succeeded while it still fires, tries the next playbook of a
 * target's ladder when one failed or was denied, and escalates once, loudly, when none is left. Safe to repeat.
 */
export async function settleIncident(deps: SettleDeps, id: string): Promise<void> {
  const doc = await deps.store.get<Incident>("incident", id);
  if (!doc || doc.body.status === "resolved") return;
  const runs = await runsOf(deps, doc.body);
  if (runs.length === 0) return escalateUnplayed(deps, doc);
  if (isManual(doc.body)) return runs.every((run) => run.ended) ? closeManual(deps, doc) : undefined;
  await settleLadders(deps, doc, await rungsOf(deps, doc.body, runs));
}

/** One target's runs, in order, and what follows from them. */
type Standing = { ladder: readonly Run[]; step: LadderStep };

async function rungsOf(deps: SettleDeps, incident: Incident, runs: readonly Run[]): Promise<readonly Standing[]> {
  const { maxRuns } = deps.config.incidents;
  const answered = runs.some((run) => run.created.at >= (incident.raisedAt ?? 0));
  return Promise.all(
    runsByTarget(runs).map(async (ladder) => {
      const mayFollow = await letsFollow(deps, ladder.at(-1));
      return { ladder, step: ladderStep(incident, ladder, { maxRuns, mayFollow, answered }) };
    }),
  );
}

/**
 * What a failed run's own text says, whether or not the whole of it can still be read; a text that is gone says nothing against the next
 * playbook. @throws AppError "unavailable" when the store cannot be reached.
 */
async function letsFollow(deps: SettleDeps, run: Run | undefined): Promise<boolean> {
  if (run?.ended?.state !== "failed") return true;
  try {
    return (await deps.playbookOf(run)).onFailure.includes("next-playbook");
  } catch (error) {
    if (codeOf(error) === "unavailable") throw error;
    return (await storedTerms(deps.store, run))?.onFailure.includes("next-playbook") ?? true;
  }
}

/** Every target's next run, or that it has none left, in one commit; the incident is mitigated only when no target needs more. */
async function settleLadders(deps: SettleDeps, doc: Doc<Incident>, standings: readonly Standing[]): Promise<void> {
  const { body: incident } = doc;
  const now = await deps.store.now();
  const climbs = standings.some(({ step }) => step.kind === "climb" || step.kind === "overtaken");
  const [found, limits] = climbs ? await Promise.all([deps.ladders(incident), deps.autonomyLimits()]) : NOTHING_MATCHES;
  let ascent: Ascent = { incident, checks: [], writes: [], lines: [], wakes: [], spent: new Map() };
  for (const one of standings) {
    const candidates = found.get(one.ladder[0]?.created.target ?? "") ?? [];
    ascent = climb(ascent, one, { candidates, limits, keys: deps.connections, now });
  }
  const kinds = standings.map(({ step }) => step.kind);
  const isCalm = ascent.wakes.length === 0 && ascent.spent.size === 0 && !kinds.includes("busy");
  if (isCalm && kinds.includes("mitigated")) return mitigate(deps, doc);
  const left = isCalm ? outlived(standings.map(({ ladder }) => ladder)) : undefined;
  if (left && (await firesStill(deps, incident))) ascent = { ...ascent, spent: new Map([[left.target, left.why]]) };
  const lapsed =
    ascent.spent.size === 0 ? undefined : lapseBehind(ascent, standings, await lapsedOf(deps, incident.id));
  await saveAscent(deps, doc, told(ascent, now, lapsed));
  for (const at of retryTimes(standings, now)) await deps.queue.wake(`incident:${incident.id}`, at, at + 1 - now);
}

/** The approval that has called people as it lapsed, where nothing but such lapses left targets without a playbook: one call is enough. */
function lapseBehind(
  { incident, spent }: Ascent,
  standings: readonly Standing[],
  lapsed: ReadonlyMap<string, string>,
): string | undefined {
  const ladders = standings.filter(({ ladder }) => spent.has(ladder[0]?.created.target ?? ""));
  const ids = ladders.map(({ ladder }) => lapseOf(ladder, incident, lapsed));
  return ids.every((id) => id !== undefined) ? ids.at(-1) : undefined;
}

/** A lapse at a lower severity has called nobody for this one, and what could not be undone after it is another thing. */
function lapseOf(ladder: readonly Run[], { raisedAt = 0 }: Incident, lapsed: ReadonlyMap<string, string>) {
  const { created, ended } = lastRung(ladder) ?? {};
  if (ended?.state !== "cancelled" || ended.at < raisedAt) return undefined;
  return lapsed.get(created?.id ?? "");
}

/** When what a freeze or a cooldown has denied may run; the rounds of the incident find it too, later. */
function retryTimes(standings: readonly Standing[], now: Instant): ReadonlySet<Instant> {
  const ended = standings.flatMap(({ ladder }) => ladder.flatMap((run) => run.ended ?? []));
  return new Set(ended.flatMap(({ retryAt = 0 }) => (retryAt > now ? [retryAt] : [])));
}

const NOTHING_MATCHES: readonly [ReadonlyMap<string, readonly Candidate[]>, AutonomyLimits] = [
  new Map(),
  { ceiling: "observe", demoted: new Set() },
];

async function saveAscent(deps: SettleDeps, { rev }: Doc<Incident>, ascent: Ascent): Promise<void> {
  const { incident, checks, writes, lines, wakes } = ascent;
  if (wakes.length === 0 && lines.length === 0) return;
  const { id } = incident;
  const now = await deps.store.now();
  const isSaved = await saved(deps, id, {
    checks: [{ check: "rev", kind: "incident", id, rev }, ...checks],
    writes: [
      { write: "put", kind: "incident", id, body: incident },
      ...writes,
      ...lines.flatMap((line) => say(id, line)),
    ],
  });
  if (!isSaved) return;
  for (const wake of wakes) await deps.queue.wake(wake, now);
  if (lines.length > 0) await deps.queue.wake(`chat:${id}`, now);
}

/** Stores what follows for an incident; where something has changed meanwhile, it is looked at again at once and not with the next round. */
async function saved({ store }: SettleDeps, id: string, tx: Tx): Promise<boolean> {
  const { ok } = await store.commit(tx);
  if (!ok) await store.commit({ checks: [], writes: [{ write: "due", member: `incident:${id}`, at: 0 }] });
  return ok;
}

/** The runs of the present opening that its ladders are made of. */
export async function runsOf({ store }: Pick<SettleDeps, "store">, incident: Incident): Promise<readonly Run[]> {
  const loaded = await Promise.all(incident.runs.map((id) => store.loadRun(id)));
  const runs = loaded.filter((one) => one.events.length > 0).map((one) => foldRun(one.events as readonly RunEvent[]));
  return runs.filter(
    (run) => run.created.opening === incident.opening && ["firing", "manual"].includes(run.created.trigger),
  );
}

async function firesStill({ store }: Pick<SettleDeps, "store">, { id }: Incident): Promise<boolean> {
  return (await store.size(`incident:${id}:firing`)) > 0;
}

/** An open incident for which no playbook ever ran needs a person as much as one whose playbooks did not help. */
async function escalateUnplayed(deps: SettleDeps, doc: Doc<Incident>): Promise<void> {
  if (!(await firesStill(deps, doc.body))) return;
  if (doc.body.escalatedAt !== undefined) return;
  const { body } = doc;
  const now = await deps.store.now();
  const lines = [called("no playbook runs for this incident", now)];
  const incident = { ...body, escalatedAt: now };
  await saveAscent(deps, doc, { incident, checks: [], writes: [], lines, wakes: [], spent: new Map() });
}

async function mitigate(deps: SettleDeps, doc: Doc<Incident>): Promise<void> {
  const { body, rev } = doc;
  if (!(await firesStill(deps, body))) return;
  const now = await deps.store.now();
  await saved(deps, body.id, {
    checks: [{ check: "rev", kind: "incident", id: body.id, rev }],
    writes: [
      { write: "put", kind: "incident", id: body.id, body: { ...body, status: "mitigated" } },
      { write: "unindex", index: "incidents:open", member: body.id },
      { write: "index", index: "incidents:mitigated", member: body.id, score: body.openedAt },
      ...say(body.id, {
        at: now,
        kind: "incident",
        text: "mitigated: recovery was measured and held; the alert still fires",
        by: "stanch",
      }),
    ],
  });
  await deps.queue.wake(`chat:${body.id}`, now);
}

/** An incident that a person's run made for itself ends with it. */
async function closeManual(deps: SettleDeps, doc: Doc<Incident>): Promise<void> {
  const { body, rev } = doc;
  const now: Instant = await deps.store.now();
  const writes: readonly Write[] = [
    { write: "put", kind: "incident", id: body.id, body: { ...body, status: "resolved", resolvedAt: now } },
    { write: "unindex", index: `incidents:${body.status}`, member: body.id },
    { write: "index", index: "incidents:resolved", member: body.id, score: body.openedAt },
    { write: "undue", member: `incident:${body.id}` },
    ...say(body.id, {
      at: now,
      kind: "incident",
      text: "closed: the run that it was opened for has ended",
      by: "stanch",
    }),
  ];
  await saved(deps, body.id, { checks: [{ check: "rev", kind: "incident", id: body.id, rev }], writes });
  await deps.queue.wake(`chat:${body.id}`, now);
}
