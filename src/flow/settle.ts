import type { Incident } from "../core/incident.ts";
import type { RunEvent } from "../core/run/events.ts";
import { foldRun, type Run } from "../core/run/run.ts";
import type { Doc, Write } from "../core/store.ts";
import type { Instant } from "../core/time.ts";
import { type Candidate, nextRung } from "./assess/select.ts";
import { say } from "./decide/deps.ts";
import { ladderStep, mayTryAgain, runsByTarget } from "./ladder.ts";
import { type AutonomyLimits, planRun } from "./run/create-run.ts";
import type { RunDeps } from "./run/deps.ts";

/** What following an incident's runs needs besides what runs need. */
export type SettleDeps = RunDeps & {
  /** Per target, what matches the open alerts of an incident now, by priority. */
  ladders(incident: Incident): Promise<ReadonlyMap<string, readonly Candidate[]>>;
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
  if (runs.some((run) => !run.ended && run.created.incidentKey.startsWith("manual="))) return;
  if (doc.body.key.startsWith("manual=")) return closeManual(deps, doc);
  for (const ladder of runsByTarget(runs)) {
    const step = ladderStep(doc.body, ladder, { maxRuns: deps.config.incidents.maxRuns, now: await deps.store.now() });
    if (step.kind === "stay") continue;
    if (step.kind === "exhausted") return escalate(deps, doc, step.why);
    if (step.kind === "mitigated") return mitigate(deps, doc);
    if (step.kind === "overtaken" && !(await isAskedAnew(deps, doc.body, ladder))) continue;
    return climb(deps, doc, ladder, step.kind === "exposed" ? ladder.at(-1)?.created.playbook : undefined);
  }
}

async function runsOf(deps: SettleDeps, incident: Incident): Promise<readonly Run[]> {
  const loaded = await Promise.all(incident.runs.map((id) => deps.store.loadRun(id)));
  const runs = loaded.filter((one) => one.events.length > 0).map((one) => foldRun(one.events as readonly RunEvent[]));
  return runs.filter(
    (run) => run.created.opening === incident.opening && ["firing", "manual"].includes(run.created.trigger),
  );
}

/** An open incident for which no playbook ever ran needs a person as much as one whose playbooks did not help. */
async function escalateUnplayed(deps: SettleDeps, doc: Doc<Incident>): Promise<void> {
  if ((await deps.store.size(`incident:${doc.body.id}:firing`)) === 0) return;
  await escalate(deps, doc, "no playbook runs for this incident");
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

/** Whether an alert that joined after the target's last run asks for the same target; another target is another ladder. */
async function isAskedAnew(deps: SettleDeps, incident: Incident, ladder: readonly Run[]): Promise<boolean> {
  const last = ladder.at(-1);
  const candidates = (await deps.ladders(incident)).get(last?.created.target ?? "") ?? [];
  const opened = candidates.flatMap(({ entrants }) => entrants.map(({ record }) => record.state.openedAt));
  return opened.some((at) => at > (last?.ended?.at ?? 0));
}

/** The next playbook by priority that this opening has not tried on this target; `again` may be tried once more, and asks. */
async function climb(deps: SettleDeps, doc: Doc<Incident>, ladder: readonly Run[], again?: string): Promise<void> {
  const { body: incident, rev } = doc;
  const target = ladder[0]?.created.target ?? "";
  const now = await deps.store.now();
  const tried = new Set(ladder.filter((run) => !mayTryAgain(run, now)).map((run) => run.created.playbook));
  const candidates = (await deps.ladders(incident)).get(target) ?? [];
  const same = candidates.filter(({ playbook }) => playbook.name === again);
  const next = nextRung(same, new Set()) ?? nextRung(candidates, tried);
  const [first] = next?.entrants ?? [];
  if (!next || !first) return escalate(deps, doc, `no playbook is left for ${target} after ${[...tried].join(", ")}`);
  const { playbook } = next;
  const alerts = next.entrants.map((entrant) => entrant.record);
  const request = { incident, playbook, alert: first.record, alerts, severity: incident.severity, facts: first.facts };
  const plan = planRun(
    { ...request, rung: ladder.length + 1, trigger: "firing", by: "stanch", now },
    await deps.autonomyLimits(),
    deps.connections,
  );
  if (!plan.ok) return escalate(deps, doc, `${playbook.name} cannot be started: ${plan.reason}`);
  const ladders = { ...incident.ladders, [target]: plan.id };
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
