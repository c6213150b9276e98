import type { Approval } from "../../core/approval.ts";
import type { ReportSettings } from "../../core/config.ts";
import { AppError } from "../../core/errors.ts";
import type { Files } from "../../core/files.ts";
import type { Incident } from "../../core/incident.ts";
import type { Lease } from "../../core/lease.ts";
import type { Doc, Store } from "../../core/store.ts";
import type { Instant, Milliseconds } from "../../core/time.ts";
import { docs } from "../desk/incident-view.ts";
import { endedOpenings, forgetOpenings } from "../ended-openings.ts";
import { type Followed, lookAgain } from "../followed.ts";
import { readFacts } from "./facts.ts";
import { minute } from "./markdown.ts";
import { openingFacts } from "./opening-facts.ts";
import { remind } from "./remind.ts";
import { type PostMortem, type ReportDeps, type ReportState, reportLines } from "./state.ts";
import { reportKey, type Wanted, wantedAtEnd, wantedDecisions } from "./wanted.ts";

const NONE: ReportState = { done: {} };
/** Nobody else writes for this long; one that is slower stops before. */
const WRITE_FOR: Milliseconds = 60_000;
const STOP_AFTER: Milliseconds = 30_000;
const AGAIN_AFTER: Milliseconds = 300_000;
/** Runs that still measure or undo are waited for, but not for ever. */
const WAIT_FOR_RUNS: Milliseconds = 3_600_000;

/**
 * Writes what an incident owes to files: a decision-log line per decision, and, once an opening and its runs have ended, its
 * report, the line of its resolution and its entry, though the incident may be open again; then it reminds of the post-mortem. The
 * document `report:ID` is claimed before and marked after, and each append looks for its mark first, so that neither a crash nor a second
 * worker writes anything twice.
 */
export async function tendReport(deps: ReportDeps, { body: incident }: Doc<Incident>): Promise<Followed> {
  const { reports } = deps.config;
  if (!reports || !deps.files) return lookAgain();
  const doc = await deps.store.get<ReportState>("report", incident.id);
  const state = doc?.body ?? NONE;
  const now = await deps.store.now();
  const { wanted, next } = await wantedNow({ ...deps, reports }, { incident, state, now });
  if (wanted.length === 0) return remind(deps, { incident, doc, now }, next);
  const busyUntil = Math.max(state.writing?.until ?? 0, state.failed?.retryAt ?? 0);
  if (busyUntil > now) return lookAgain(busyUntil);
  const claim: ReportState = { ...state, writing: { until: now + WRITE_FOR } };
  const claimed = await deps.store.commit({
    checks: [{ check: "rev", kind: "report", id: incident.id, rev: doc?.rev ?? 0 }],
    writes: [{ write: "put", kind: "report", id: incident.id, body: claim }],
  });
  if (claimed.ok) {
    const outcome = await writeAll(deps, deps.files, wanted);
    await record(deps, { incident, state, rev: (doc?.rev ?? 0) + 1, reports }, outcome);
  }
  return { changed: true };
}

type Sight = { incident: Incident; state: ReportState; now: Instant };

/** What should be written and is not, and when to look again for what cannot be written yet. */
async function wantedNow(
  deps: ReportDeps & { reports: ReportSettings },
  { incident, state, now }: Sight,
): Promise<{ wanted: readonly Wanted[]; next?: Instant }> {
  const decisions = wantedDecisions(deps.reports, incident.id, await readDecisions(deps.store, incident.id));
  const ends = await wantedEnds(deps, { incident, state, now });
  return { ...ends, wanted: [...decisions, ...ends.wanted].filter((one) => state.done[one.key] === undefined) };
}

/** Of each opening that has ended, oldest first; one whose runs are waited for holds back the later ones, which have those runs, too. */
async function wantedEnds(
  { store, reports }: Pick<ReportDeps, "store"> & { reports: ReportSettings },
  { incident, state, now }: Sight,
): Promise<{ wanted: readonly Wanted[]; next?: Instant }> {
  const isOpen = (opening: number): boolean => state.done[reportKey(opening)] === undefined;
  const ended = (await endedOpenings(store, incident)).filter((one) => isOpen(one.incident.opening));
  const facts = ended.length === 0 ? undefined : await readFacts(store, incident.id);
  if (!facts) return { wanted: [] };
  const wanted: Wanted[] = [];
  for (const one of ended) {
    const own = openingFacts(facts, one);
    const { resolvedAt } = one.incident;
    if (!own || resolvedAt === undefined) continue;
    const isWaiting = own.runs.some((run) => !run.ended && !run.unknown);
    if (isWaiting && now < resolvedAt + WAIT_FOR_RUNS) return { wanted, next: resolvedAt + WAIT_FOR_RUNS };
    wanted.push(...wantedAtEnd(reports, { ...own, postMortemWithin: reports.postMortemWithin }, resolvedAt));
  }
  return { wanted };
}

async function readDecisions(store: Store, id: string) {
  const [approvals, leases] = await Promise.all([
    store.members(`incident:${id}:approvals`).then((ids) => docs<Approval>(store, "approval", ids)),
    store.members(`incident:${id}:leases`).then((ids) => docs<Lease>(store, "lease", ids)),
  ]);
  return { approvals, leases };
}

type Outcome = { written: readonly Wanted[]; why?: string };

/** The report comes last, so that its mark means that everything of its resolution is written. */
async function writeAll(deps: ReportDeps, files: Files, wanted: readonly Wanted[]): Promise<Outcome> {
  const started = deps.monotonic();
  const written: Wanted[] = [];
  for (const one of wanted.toSorted((a, b) => Number(a.kind === "create") - Number(b.kind === "create"))) {
    if (deps.monotonic() - started > STOP_AFTER) return { written, why: "the disk is too slow" };
    try {
      if (one.kind === "create") await files.create(one.path, one.text);
      else await files.appendOnce(one.path, one.line.text, markOf(one));
      written.push(one);
    } catch (error) {
      deps.log.warn({ err: error, path: one.path }, "a report or log line cannot be written");
      return { written, why: error instanceof AppError ? error.message : "internal error; the log has its stack" };
    }
  }
  return { written };
}

function markOf({ line, head }: Extract<Wanted, { kind: "append" }>): { mark: readonly string[]; head?: string } {
  return head === undefined ? { mark: line.mark } : { mark: line.mark, head };
}

type Writing = { incident: Incident; state: ReportState; rev: number; reports: ReportSettings };

/** Marks what was written, with its lines on the timeline, if nobody has taken over meanwhile. */
async function record(deps: ReportDeps, { incident, state, rev, reports }: Writing, outcome: Outcome): Promise<void> {
  const now = await deps.store.now();
  const isOver = incident.status === "resolved";
  const report = outcome.written.find(
    (one) => isOver && one.kind === "create" && one.key === reportKey(incident.opening),
  );
  const { failed: _, writing: __, ...rest } = state;
  const body: ReportState = {
    ...rest,
    done: { ...state.done, ...Object.fromEntries(outcome.written.map((one) => [one.key, now])) },
    ...(outcome.why === undefined ? {} : { failed: { why: outcome.why, retryAt: now + AGAIN_AFTER } }),
    ...(report ? { postMortem: postMortemOf(incident, reports, report.path) } : {}),
  };
  const texts = [
    ...outcome.written.flatMap((one) => one.said ?? []),
    ...(body.postMortem && report ? [`post-mortem due ${minute(body.postMortem.dueAt)}`] : []),
    ...(outcome.why === undefined || state.failed ? [] : [`${outcome.why}; tried again every 5m`]),
  ];
  const marked = await deps.store.commit({
    checks: [{ check: "rev", kind: "report", id: incident.id, rev }],
    writes: [{ write: "put", kind: "report", id: incident.id, body }, ...reportLines(incident.id, texts, now)],
  });
  if (marked.ok)
    await forgetOpenings(deps.store, incident.id, (opening) => body.done[reportKey(opening)] !== undefined);
}

function postMortemOf(incident: Incident, { postMortemWithin }: ReportSettings, report: string): PostMortem {
  const resolvedAt = incident.resolvedAt ?? incident.openedAt;
  return { opening: incident.opening, resolvedAt, dueAt: resolvedAt + postMortemWithin, reminded: 0, report };
}
