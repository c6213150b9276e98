import type { Connections } from "../../core/connection.ts";
import type { AlertRecord } from "../../core/episode.ts";
import { idOf } from "../../core/hash.ts";
import type { Incident } from "../../core/incident.ts";
import { unusable } from "../../core/playbook/installation.ts";
import { AUTONOMY_LEVELS, type Autonomy, type Playbook } from "../../core/playbook/playbook.ts";
import type { RunCreated } from "../../core/run/events.ts";
import { newRun } from "../../core/run/run.ts";
import { lineOf } from "../../core/run/sentence.ts";
import type { AlertView, Scope } from "../../core/scope.ts";
import type { Severity } from "../../core/severity.ts";
import type { Check, Write } from "../../core/store.ts";
import type { Instant } from "../../core/time.ts";
import { renderVars } from "./run-vars.ts";
import { TARGETS_ALERTING, TARGETS_SEEN } from "./targets.ts";

/** What a run is started from; `alert` is the alert that selected the playbook. */
export type RunRequest = {
  incident: Incident;
  playbook: Playbook;
  alert: AlertRecord;
  alerts: readonly AlertRecord[];
  severity: Severity;
  facts: Readonly<Record<string, number | null>>;
  rung: number;
  trigger: "firing" | "recovered" | "manual";
  by: string;
  /** Values given by the person who starts it; they replace the playbook's vars of the same name. */
  vars?: Readonly<Record<string, unknown>>;
  /** The lease whose end starts it, and how many runs that has started before. */
  ends?: { lease: string; nth: number };
  now: Instant;
};

/** The lowest of the service's ceiling, the playbook's level and any demotion decides how far a run may go alone. */
export type AutonomyLimits = { ceiling: Autonomy; demoted: ReadonlySet<string> };

/** What to commit beside the incident so that the run exists; `wake` is its member in the due set. */
export type RunPlan = {
  ok: true;
  id: string;
  created: RunCreated;
  checks: readonly Check[];
  writes: readonly Write[];
  wake: string;
};

/** A playbook that cannot be started says why, on the timeline. */
export type RunRefused = { ok: false; reason: string };

/** What says which lock key a target has; without it every target is its own. */
export type LockKeys = Pick<Connections, "lockKey">;

/**
 * Renders a run's vars and target and gives the writes that create it. Pure; the same request gives the same run id. Where what a
 * target names has another lock key, that is one of the run's targets too, so that two names of one thing are one lock.
 */
export function planRun(request: RunRequest, limits: AutonomyLimits, keys: LockKeys): RunPlan | RunRefused {
  const lacking = unusable(request.playbook);
  if (lacking !== undefined) return { ok: false, reason: `it cannot run here: ${lacking}` };
  const vars = renderVars(request, (known) => requestScope(request, known));
  if (!vars.ok) return vars;
  const scope = requestScope(request, vars.value);
  const target = request.playbook.target.render(scope);
  if (!target.known || target.value === "")
    return { ok: false, reason: `target ${request.playbook.target.text}: ${target.known ? "is empty" : target.why}` };
  const named: string[] = [target.value];
  for (const template of request.playbook.alsoTargets) {
    const rendered = template.render({ ...scope, target: target.value });
    if (!rendered.known) return { ok: false, reason: `also-targets ${template.text}: ${rendered.why}` };
    named.push(rendered.value);
  }
  const also = [...named.slice(1), ...keysOf(named, keys)];
  return runPlan(createdFrom(request, limits, { vars: vars.value, target: target.value, also }), request.playbook);
}

/** The lock keys that the playbook does not name itself, each once. */
function keysOf(named: readonly string[], { lockKey }: LockKeys): readonly string[] {
  const keys = named.map((target) => lockKey?.(target) ?? target);
  return [...new Set(keys)].filter((key) => !named.includes(key));
}

/** The writes of any run, whatever started it. */
export function runPlan(created: RunCreated, playbook: Pick<Playbook, "name" | "text" | "file" | "digest">): RunPlan {
  const { id, incidentId, at } = created;
  const member = `run:${id}`;
  const writes: Write[] = [
    { write: "append", list: member, items: [created] },
    { write: "index", index: "runs", member: id, score: at },
    { write: "index", index: "runs:active", member: id, score: at },
    { write: "due", member, at: 0 },
    { write: "index", index: TARGETS_SEEN, member: created.target, score: at },
  ];
  if (created.trigger === "firing")
    writes.push({ write: "index", index: TARGETS_ALERTING, member: created.target, score: at });
  if (playbook.text !== "") {
    writes.push({
      write: "put",
      kind: "playbook",
      id: playbook.digest,
      body: { name: playbook.name, file: playbook.file, text: playbook.text },
    });
  }
  const line = lineOf(newRun(created), created, (uses) => uses);
  if (incidentId !== undefined && line) {
    writes.push(
      { write: "append", list: `timeline:${incidentId}`, items: [line] },
      { write: "due", member: `chat:${incidentId}`, at: 0 },
    );
  }
  return { ok: true, id, created, checks: [{ check: "length", list: member, is: 0 }], writes, wake: member };
}

type Rendered = { vars: Readonly<Record<string, unknown>>; target: string; also: readonly string[] };

function createdFrom(request: RunRequest, limits: AutonomyLimits, rendered: Rendered): RunCreated {
  const { incident, playbook, alert, alerts } = request;
  return {
    type: "created",
    at: request.now,
    id: runId(request, rendered.target),
    playbook: playbook.name,
    playbookDigest: playbook.digest,
    ...(playbook.runbook === undefined ? {} : { runbook: playbook.runbook }),
    incidentId: incident.id,
    opening: incident.opening,
    rung: request.rung,
    trigger: request.trigger,
    by: request.by,
    severity: request.severity,
    autonomy: effectiveAutonomy(request, limits),
    target: rendered.target,
    alsoTargets: rendered.also,
    vars: rendered.vars,
    facts: request.facts,
    alert: viewOf(alert),
    ...(request.trigger === "manual" ? {} : { alertId: alert.id }),
    alerts: alerts.slice(0, 20).map(viewOf),
    labels: incident.labels,
    incidentKey: incident.key,
    doubtful: alert.state.doubtful,
    truncated: alert.truncated,
    ...(request.ends === undefined ? {} : { ends: request.ends.lease }),
  };
}

/** A person's run is at `approve` at least: they press the button after seeing the plan. */
export function effectiveAutonomy(
  request: Pick<RunRequest, "severity" | "trigger"> & { playbook: Pick<Playbook, "name" | "autonomy"> },
  limits: AutonomyLimits,
): Autonomy {
  const own = request.playbook.autonomy[request.severity] ?? "observe";
  const level = request.trigger === "manual" ? "approve" : own;
  const demotion: Autonomy = limits.demoted.has(request.playbook.name) ? "approve" : "auto";
  return lowest([limits.ceiling, level, demotion]);
}

/** The most careful of several levels. */
export function lowest(levels: readonly Autonomy[]): Autonomy {
  return AUTONOMY_LEVELS.find((level) => levels.includes(level)) ?? "observe";
}

/**
 * Targets keep the id as an idempotency key or a mark. Incidents are numbered anew on another Redis, so the number alone would make a
 * target take a new run for the replay of an old one.
 */
function runId(request: RunRequest, target: string): string {
  const { incident, playbook, rung, trigger, ends } = request;
  if (ends) return idOf("run", ends.lease, String(ends.nth), playbook.name, target);
  const opening = [incident.id, String(incident.openedAt), String(incident.opening)];
  const nonce = trigger === "manual" ? String(request.now) : "";
  return idOf("run", ...opening, playbook.name, target, String(rung), trigger, nonce);
}

function requestScope(request: RunRequest, vars: Readonly<Record<string, unknown>>): Scope {
  const { incident } = request;
  return {
    alert: viewOf(request.alert),
    alerts: request.alerts.slice(0, 20).map(viewOf),
    incident: {
      id: incident.id,
      key: incident.key,
      severity: request.severity,
      opening: incident.opening,
      labels: incident.labels,
    },
    facts: request.facts,
    vars,
    steps: {},
    target: "",
    now: request.now,
  };
}

/** What expressions see of a stored alert. */
export function viewOf(record: AlertRecord): AlertView {
  const { labels, annotations, startsAt, fingerprint } = record.alert;
  return { labels, annotations, startsAt, fingerprint, status: record.state.status };
}
