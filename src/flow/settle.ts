import type { AlertRecord } from "../core/episode.ts";
import type { Incident } from "../core/incident.ts";
import type { Playbook } from "../core/playbook/playbook.ts";
import type { RunEvent } from "../core/run/events.ts";
import { foldRun, type Run } from "../core/run/run.ts";
import type { Doc, Write } from "../core/store.ts";
import type { Instant } from "../core/time.ts";
import { say } from "./decide/deps.ts";
import { type AutonomyLimits, planRun } from "./run/create-run.ts";
import type { RunDeps } from "./run/deps.ts";

/** A playbook that matches an open incident now, with the alert that selected it; ordered by priority. */
export type Candidate = {
  playbook: Playbook;
  alert: AlertRecord;
  alerts: readonly AlertRecord[];
  facts: Readonly<Record<string, number | null>>;
};

/** What following an incident's runs needs besides what runs need. */
export type SettleDeps = RunDeps & {
  candidates(incident: Incident): Promise<readonly Candidate[]>;
  autonomyLimits(): Promise<AutonomyLimits>;
};

/**
 * Follows the runs of an incident: marks it mitigated when one succeeded while it still fires, tries the next playbook of the
 * ladder when one failed or was denied, and escalates once, loudly, when none is left. Safe to repeat.
 */
export async function settleIncident(deps: SettleDeps, id: string): Promise<void> {
  const doc = await deps.store.get<Incident>("incident", id);
  if (!doc || doc.body.status === "resolved") return;
  const runs = await runsOf(deps, doc.body);
  if (runs.length === 0 || runs.some((run) => !run.ended)) return;
  if (doc.body.key.startsWith("manual=")) return closeManual(deps, doc);
  const step = ladderStep(doc.body, runs, deps.config.incidents.maxRuns);
  if (step === "mitigated") return mitigate(deps, doc);
  if (step === "next") return nextRung(deps, doc, runs);
  if (step !== undefined) return escalate(deps, doc, step);
}

async function runsOf(deps: SettleDeps, incident: Incident): Promise<readonly Run[]> {
  const loaded = await Promise.all(incident.runs.map((id) => deps.store.loadRun(id)));
  const runs = loaded.filter((one) => one.events.length > 0).map((one) => foldRun(one.events as readonly RunEvent[]));
  return runs.filter(
    (run) =>
      run.created.opening === incident.opening &&
      run.created.trigger !== "revert" &&
      run.created.trigger !== "recovered",
  );
}

/** What the ladder does after the last run; a string other than the two words is why it ends. Pure. */
export function ladderStep(
  incident: Incident,
  runs: readonly Run[],
  maxRuns: number,
): "mitigated" | "next" | string | undefined {
  const last = runs.toSorted((a, b) => (a.ended?.at ?? 0) - (b.ended?.at ?? 0)).at(-1);
  if (!last?.ended) return undefined;
  const { state, reason } = last.ended;
  if (state === "succeeded") return incident.status === "open" ? "mitigated" : undefined;
  if (state === "observed" || incident.escalatedAt !== undefined) return undefined;
  if (/^(cancelled|aborted) by /.test(reason) || reason.startsWith("resolved")) return undefined;
  const counted = runs.filter(
    (run) => run.ended?.state === "failed" || (run.ended?.state === "cancelled" && run.mutated),
  );
  if (counted.length >= maxRuns) return `${counted.length} runs have not helped`;
  return "next";
}

async function mitigate(deps: SettleDeps, doc: Doc<Incident>): Promise<void> {
  const { body, rev } = doc;
  if ((await deps.store.size(`incident:${body.id}:firing`)) === 0) return;
  const now = await deps.store.now();
  await deps.store.commit({
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

/** The next playbook by priority that this opening has not tried. */
async function nextRung(deps: SettleDeps, doc: Doc<Incident>, runs: readonly Run[]): Promise<void> {
  const { body: incident, rev } = doc;
  const tried = new Set(runs.map((run) => run.created.playbook));
  const left = (await deps.candidates(incident)).filter((candidate) => !tried.has(candidate.playbook.name));
  const [next] = left;
  if (!next) return escalate(deps, doc, `no playbook is left after ${[...tried].join(", ")}`);
  const now = await deps.store.now();
  const request = {
    ...next,
    incident,
    severity: incident.severity,
    rung: runs.length,
    trigger: "firing" as const,
    by: "stanch",
    now,
  };
  const plan = planRun(request, await deps.autonomyLimits());
  if (!plan.ok) return escalate(deps, doc, `${next.playbook.name} cannot be started: ${plan.reason}`);
  const ladders = { ...incident.ladders, [plan.created.target]: plan.id };
  const body: Incident = { ...incident, ladders, runs: [...incident.runs, plan.id] };
  const committed = await deps.store.commit({
    checks: [{ check: "rev", kind: "incident", id: incident.id, rev }, ...plan.checks],
    writes: [{ write: "put", kind: "incident", id: incident.id, body }, ...plan.writes],
  });
  if (committed.ok) await deps.queue.wake(plan.wake, now);
}

async function escalate(deps: SettleDeps, doc: Doc<Incident>, why: string): Promise<void> {
  const { body, rev } = doc;
  if (body.escalatedAt !== undefined) return;
  const now = await deps.store.now();
  await deps.store.commit({
    checks: [{ check: "rev", kind: "incident", id: body.id, rev }],
    writes: [
      { write: "put", kind: "incident", id: body.id, body: { ...body, escalatedAt: now } },
      ...say(body.id, { at: now, kind: "escalation", text: `a person is needed: ${why}`, by: "stanch" }),
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
  await deps.store.commit({ checks: [{ check: "rev", kind: "incident", id: body.id, rev }], writes });
  await deps.queue.wake(`chat:${body.id}`, now);
}
