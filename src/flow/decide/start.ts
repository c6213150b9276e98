import type { Actor, Decided, Decision } from "../../core/decision.ts";
import type { AlertRecord } from "../../core/episode.ts";
import { digestOf } from "../../core/hash.ts";
import { type Incident, manualKey } from "../../core/incident.ts";
import type { Playbook } from "../../core/playbook/playbook.ts";
import type { Severity } from "../../core/severity.ts";
import type { Check, Write } from "../../core/store.ts";
import type { Instant, Milliseconds } from "../../core/time.ts";
import { type AutonomyLimits, type LockKeys, planRun, type RunRequest } from "../run/create-run.ts";
import { type DecideDeps, nameOf, refuse } from "./deps.ts";

/** What starting a playbook by hand needs besides deciding. */
export type StartDeps = {
  playbook(name: string): Playbook | undefined;
  playbookNames(): readonly string[];
  autonomyLimits(): Promise<AutonomyLimits>;
  connections: LockKeys;
};

/**
 * Starts a playbook for a person: on the incident they name, or on one made for it. It asks for approval before its first change,
 * whatever the playbook's autonomy.
 */
export async function startByHand(
  deps: DecideDeps & StartDeps,
  actor: Actor,
  decision: Extract<Decision, { verb: "run" }>,
): Promise<Decided> {
  const playbook = deps.playbook(decision.playbook);
  if (!playbook)
    return refuse("not_found", `no playbook ${decision.playbook}; there are: ${deps.playbookNames().join(", ")}`);
  const now = await deps.store.now();
  const home = await homeOf(deps, actor, decision, { playbook, now });
  if ("ok" in home) return home;
  const request = manualRequest(home.incident, { playbook, vars: decision.vars, by: actor.person ?? actor.name, now });
  const plan = planRun(request, await deps.autonomyLimits(), deps.connections);
  if (!plan.ok) return refuse("invalid_request", `${playbook.name} cannot be started: ${plan.reason}`);
  const incident: Incident = { ...home.incident, runs: [...home.incident.runs, plan.id] };
  const once = onceOf(decision);
  const committed = await deps.store.commit({
    checks: [...once.checks, ...home.checks, ...plan.checks],
    writes: [
      { write: "put", kind: "incident", id: incident.id, body: incident },
      ...home.writes,
      ...plan.writes,
      ...once.writes,
    ],
  });
  if (!committed.ok) return refuse("conflict", lostText(committed.failed, playbook, incident));
  await deps.queue.wake(plan.wake, now);
  return {
    ok: true,
    id: plan.id,
    sentence: `${nameOf(actor)} started ${playbook.name} on ${plan.created.target} as ${plan.id} (${incident.id}); it asks before it changes anything`,
  };
}

function lostText({ check }: Check, { name }: Playbook, { id }: Incident): string {
  if (check === "elapsed")
    return `${name} was started already, by the click before this one; nothing was started by this`;
  return `${id} changed at the same moment; try again`;
}

/** For so long the second click on one button starts nothing. */
const REMEMBERED: Milliseconds = 24 * 3_600_000;

function onceOf({ once }: Extract<Decision, { verb: "run" }>): { checks: readonly Check[]; writes: readonly Write[] } {
  if (once === undefined) return { checks: [], writes: [] };
  const marker = `started:${digestOf(once)}`;
  return { checks: [{ check: "elapsed", marker }], writes: [{ write: "mark", marker, for: REMEMBERED }] };
}

/** A person's request, on an incident of its own or one that is open. */
export function manualRequest(
  incident: Incident,
  asked: { playbook: Playbook; vars: Readonly<Record<string, string>>; by: string; now: Instant },
): RunRequest {
  const alert = manualAlert(incident, asked.now);
  return { ...asked, incident, alert, alerts: [], severity: incident.severity, facts: {}, rung: 0, trigger: "manual" };
}

type Home = { incident: Incident; checks: readonly Check[]; writes: readonly Write[] };

async function homeOf(
  deps: DecideDeps,
  actor: Actor,
  decision: Extract<Decision, { verb: "run" }>,
  { playbook, now }: { playbook: Playbook; now: Instant },
): Promise<Home | ReturnType<typeof refuse>> {
  if (decision.incident !== undefined) {
    const doc = await deps.store.get<Incident>("incident", decision.incident);
    if (!doc) return refuse("not_found", `no incident ${decision.incident}`);
    return {
      incident: doc.body,
      checks: [{ check: "rev", kind: "incident", id: doc.body.id, rev: doc.rev }],
      writes: [],
    };
  }
  const id = `inc-${await deps.store.next("incidents")}`;
  const incident = manualIncident(id, { by: nameOf(actor), playbook, now });
  return {
    incident,
    checks: [{ check: "rev", kind: "incident", id, rev: 0 }],
    writes: [
      { write: "index", index: "incidents", member: id, score: now },
      { write: "index", index: "incidents:open", member: id, score: now },
      { write: "due", member: `incident:${id}`, at: now + 60_000 },
    ],
  };
}

/** The incident that a person's run makes for itself; it ends with the run. */
export function manualIncident(
  id: string,
  { by, playbook, now }: { by: string; playbook: Playbook; now: Instant },
): Incident {
  const severity: Severity = playbook.severity[0] ?? "P2";
  return {
    id,
    key: manualKey(id),
    labels: {},
    title: `${playbook.name}, started by ${by}`,
    severity,
    status: "open",
    opening: 1,
    openedAt: now,
    startedAt: now,
    runs: [],
    leases: [],
  };
}

/** Expressions of a playbook read an alert; a person's run has one with the incident's labels only. */
function manualAlert(incident: Incident, now: Instant): AlertRecord {
  return {
    id: `manual-${incident.id}`,
    source: "alertmanager",
    alert: { fingerprint: "", status: "firing", labels: incident.labels, annotations: {}, startsAt: now },
    state: { status: "firing", opening: 1, openedAt: now, lastSeen: now, startsAt: now, doubtful: false },
    truncated: false,
    assessment: "matched",
    incidentId: incident.id,
    entry: "",
  };
}
