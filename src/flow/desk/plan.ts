import type { ActionTable } from "../../core/action.ts";
import type { AlertGroup, SourceName } from "../../core/alert.ts";
import { SOURCE_NAMES } from "../../core/alert.ts";
import type { Connections } from "../../core/connection.ts";
import type { Plan } from "../../core/desk.ts";
import { AppError, formatFault } from "../../core/errors.ts";
import type { Incident } from "../../core/incident.ts";
import type { Playbook } from "../../core/playbook/playbook.ts";
import type { PlannedGroup } from "../assess/plan.ts";
import { manualRequest } from "../decide/start.ts";
import { type AutonomyLimits, planRun } from "../run/create-run.ts";
import { plannedRun } from "./plan-run.ts";

export type PlanDeps = {
  parse(source: SourceName, body: string): AlertGroup;
  assess(group: AlertGroup): Promise<PlannedGroup>;
  autonomyLimits(): Promise<AutonomyLimits>;
  actions: ActionTable;
  connections: Connections;
};

/** What one webhook body would lead to now. Facts are queried; nothing is stored and no action is called. */
export async function planBody(deps: PlanDeps, source: string, body: string): Promise<Plan> {
  const name = SOURCE_NAMES.find((one) => one === source);
  if (!name) throw new AppError("invalid_request", `no source ${source}; use ${SOURCE_NAMES.join(", ")}`);
  const parsed = deps.parse(name, body);
  const group = await deps.assess(parsed);
  const limits = await deps.autonomyLimits();
  const remarks = [...rejectedRemarks(parsed), ...group.remarks];
  const runs = group.runs.flatMap(({ incident, candidate, severity, facts }) => {
    const [first] = candidate.entrants;
    if (!first) return [];
    const alerts = candidate.entrants.map((entrant) => entrant.record);
    const { playbook } = candidate;
    const plan = planRun(
      {
        incident,
        playbook,
        alert: first.record,
        alerts,
        severity,
        facts,
        rung: 1,
        trigger: "firing",
        by: "stanch",
        now: group.now,
      },
      limits,
      deps.connections,
    );
    if (plan.ok) return [plannedRun(plan.created, playbook, deps)];
    remarks.push(`${playbook.name} would not start: ${plan.reason}`);
    return [];
  });
  return { alerts: group.alerts.map(planAlert), runs, remarks };
}

function rejectedRemarks({ rejected }: AlertGroup): readonly string[] {
  if (rejected === undefined) return [];
  const what = rejected.count === 1 ? "1 alert" : `${rejected.count} alerts`;
  return [`${what} cannot be read and would be left out: ${rejected.faults.map(formatFault).join("; ")}`];
}

function planAlert({ record, incidentKey }: PlannedGroup["alerts"][number]): Plan["alerts"][number] {
  const { alert, explanation } = record;
  return {
    fingerprint: alert.fingerprint,
    labels: alert.labels,
    level: explanation?.level ?? "none",
    sentence: explanation?.sentence ?? "",
    playbooks: explanation?.playbooks ?? [],
    ...(incidentKey === undefined ? {} : { incidentKey }),
  };
}

/** What starting a playbook by hand would do. @throws AppError `invalid_request` when it cannot be started. */
export async function previewRun(
  deps: PlanDeps,
  playbook: Playbook,
  vars: Readonly<Record<string, string>>,
  at: { incident: Incident; now: number },
): Promise<Plan> {
  const request = manualRequest(at.incident, { playbook, vars, by: "preview", now: at.now });
  const plan = planRun(request, await deps.autonomyLimits(), deps.connections);
  if (!plan.ok) throw new AppError("invalid_request", `${playbook.name} cannot be started: ${plan.reason}`);
  return { alerts: [], runs: [plannedRun(plan.created, playbook, deps)] };
}
