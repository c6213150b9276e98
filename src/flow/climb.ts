import type { Incident } from "../core/incident.ts";
import type { Run } from "../core/run/run.ts";
import type { Check, Write } from "../core/store.ts";
import { type Instant, plainTime } from "../core/time.ts";
import type { TimelineEntry } from "../core/timeline.ts";
import { type Candidate, nextRung } from "./assess/select.ts";
import { type LadderStep, triedOn } from "./ladder.ts";
import { type AutonomyLimits, effectiveAutonomy, type LockKeys, planRun } from "./run/create-run.ts";

/** What one look at an incident's ladders changes, gathered for one commit. `spent`: why targets have no playbook left. */
export type Ascent = {
  incident: Incident;
  checks: readonly Check[];
  writes: readonly Write[];
  lines: readonly TimelineEntry[];
  wakes: readonly string[];
  spent: ReadonlyMap<string, string>;
};

/** What climbing looks at. `candidates`: what matches the target now, by priority. */
export type Rungs = { candidates: readonly Candidate[]; limits: AutonomyLimits; keys: LockKeys; now: Instant };

/** The ascent with the next run on this ladder's target, or with why there is none. Pure. */
export function climb(
  ascent: Ascent,
  { ladder, step }: { ladder: readonly Run[]; step: LadderStep },
  rungs: Rungs,
): Ascent {
  const target = ladder[0]?.created.target ?? "";
  if (step.kind === "exhausted") return spend(ascent, target, step.why);
  if (step.kind === "overtaken") {
    const isAsked = isAskedAnew(ladder, rungs.candidates);
    return isAsked
      ? tryNext(ascent, { ladder, why: "" }, rungs)
      : climb(ascent, { ladder, step: step.otherwise }, rungs);
  }
  return step.kind === "climb" ? tryNext(ascent, { ladder, ...step }, rungs) : ascent;
}

type Attempt = { ladder: readonly Run[]; since?: Instant; again?: string; why?: string };

function tryNext(ascent: Ascent, { ladder, since, again, why }: Attempt, rungs: Rungs): Ascent {
  const target = ladder[0]?.created.target ?? "";
  const brought = rungs.candidates.filter((one) => since === undefined || opensAfter(one, since));
  const candidates = brought.toSorted((a, b) => Number(b.playbook.name === again) - Number(a.playbook.name === again));
  const tried = new Set(triedOn(ladder, ascent.incident, { now: rungs.now, acts: actsIn(ascent.incident, rungs) }));
  const before = [...tried];
  if (again !== undefined) tried.delete(again);
  const remarks: string[] = [];
  for (let next = nextRung(candidates, tried); next; next = nextRung(candidates, tried)) {
    const plan = planOf(ascent.incident, { candidate: next, rung: ladder.length + 1 }, rungs);
    if (plan?.ok) return withRun(ascent, { target, plan, remarks, now: rungs.now });
    tried.add(next.playbook.name);
    remarks.push(`${next.playbook.name} cannot be started: ${plan?.reason ?? "no alert asks for it"}`);
  }
  if (why === undefined) return ascent;
  const left = before.length === 0 ? "" : ` after ${before.join(", ")}`;
  const whys = [...remarks, why || `no playbook is left for ${target}${left}`, ...later(ladder, rungs.now)];
  return spend(ascent, target, whys.join("; "));
}

/** What a freeze or a cooldown has held back comes again by itself: whoever is called must not be surprised by it. */
function later(ladder: readonly Run[], now: Instant): readonly string[] {
  const again = ladder.filter(({ ended }) => (ended?.retryAt ?? 0) > now);
  return again.map(({ created, ended }) => {
    return `${created.playbook} is tried again at ${plainTime(ended?.retryAt ?? now)} if it still fires then`;
  });
}

function spend(ascent: Ascent, target: string, why: string): Ascent {
  return { ...ascent, spent: new Map([...ascent.spent, [target, why]]) };
}

/** Whether an alert that joined after the target's last run asks for the same target; another target is another ladder. */
function isAskedAnew(ladder: readonly Run[], candidates: readonly Candidate[]): boolean {
  const at = ladder.at(-1)?.ended?.at ?? 0;
  return candidates.some(({ entrants }) => entrants.some(({ record }) => record.state.openedAt > at));
}

function opensAfter({ entrants }: Candidate, at: Instant): boolean {
  return entrants.every(({ record }) => record.state.openedAt > at);
}

function actsIn({ severity }: Incident, { candidates, limits }: Rungs): (name: string) => boolean {
  return (name) => {
    const playbook = candidates.find((one) => one.playbook.name === name)?.playbook;
    return playbook !== undefined && effectiveAutonomy({ playbook, severity, trigger: "firing" }, limits) !== "observe";
  };
}

function planOf(
  incident: Incident,
  { candidate, rung }: { candidate: Candidate; rung: number },
  { limits, keys, now }: Rungs,
): ReturnType<typeof planRun> | undefined {
  const { playbook, entrants } = candidate;
  const [first] = entrants;
  if (first === undefined) return undefined;
  const alerts = entrants.map((entrant) => entrant.record);
  const request = { incident, playbook, alert: first.record, alerts, severity: incident.severity, facts: first.facts };
  return planRun({ ...request, rung, trigger: "firing", by: "stanch", now }, limits, keys);
}

type Planned = {
  target: string;
  plan: Extract<ReturnType<typeof planRun>, { ok: true }>;
  remarks: readonly string[];
  now: Instant;
};

function withRun(ascent: Ascent, { target, plan, remarks, now }: Planned): Ascent {
  const { incident } = ascent;
  const lines = remarks.map((text): TimelineEntry => ({ at: now, kind: "plan", text, by: "stanch" }));
  return {
    ...ascent,
    incident: {
      ...incident,
      ladders: { ...incident.ladders, [target]: plan.id },
      runs: [...incident.runs, plan.id],
      ...(incident.exhausted && { exhausted: incident.exhausted.filter((one) => one !== target) }),
    },
    checks: [...ascent.checks, ...plan.checks],
    writes: [...ascent.writes, ...plan.writes],
    lines: [...ascent.lines, ...lines],
    wakes: [...ascent.wakes, plan.wake],
  };
}

/** Reasons that one line names. */
const NAMED = 3;

/**
 * The ascent with what people are told of targets that have no playbook left: loudly once, then in passing. `lapsed`: the approval
 * whose lapse has led to it, and has called them for that. Pure.
 */
export function told(ascent: Ascent, now: Instant, lapsed?: string): Ascent {
  const { incident } = ascent;
  const known = incident.exhausted ?? [];
  const news = [...ascent.spent].filter(([target]) => !known.includes(target));
  if (news.length === 0) return ascent;
  const exhausted = [...known, ...news.map(([target]) => target)];
  const whys = news.slice(0, NAMED).map(([, why]) => why);
  const why = [...whys, ...(news.length > NAMED ? [`and ${news.length - NAMED} more`] : [])].join("; ");
  const isFirst = incident.escalatedAt === undefined;
  const isLoud = isFirst && lapsed === undefined;
  const line: TimelineEntry = isLoud ? called(why, now) : { at: now, kind: "plan", text: why, by: "stanch" };
  const escalated = { escalatedAt: now, ...(lapsed !== undefined && { escalatedFor: lapsed }) };
  return {
    ...ascent,
    incident: { ...incident, exhausted, ...(isFirst && escalated) },
    lines: [...ascent.lines, line],
  };
}

/** The loud line. */
export function called(why: string, at: Instant): TimelineEntry {
  return { at, kind: "escalation", text: `a person is needed: ${why}`, by: "stanch" };
}
