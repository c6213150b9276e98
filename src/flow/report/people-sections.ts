import type { Approval } from "../../core/approval.ts";
import { type Lease, standingRevert } from "../../core/lease.ts";
import { type ReportFacts, remedyOf } from "./facts.ts";
import { BY_A_PERSON, minute, section, text } from "./markdown.ts";

const RUNNING: ReadonlySet<Lease["status"]> = new Set(["active", "reverting", "failed"]);

/** What is still in force and will be undone, then what has been: RB-REPORT-11. */
export function leases({ view }: ReportFacts): string {
  const [running, over] = [true, false].map((is) => view.leases.filter((lease) => RUNNING.has(lease.status) === is));
  const lines = [
    ...(running ?? []).map((lease) => `- **still in force**: ${leaseText(lease)}`),
    ...(over ?? []).map((lease) => `- ${leaseText(lease)}`),
  ];
  return section("Leases", lines);
}

function leaseText(lease: Lease): string {
  const { id, describe, status, endsAt, target, keptBy, failure } = lease;
  const person = keptBy ?? standingRevert(lease);
  const by = person === undefined ? "" : `, by ${text(person.by)}`;
  const why = failure === undefined ? "" : ` (${text(failure)})`;
  return `${text(id)} on ${text(target)}: ${text(describe)}; ${status}${why}, ends ${minute(endsAt)}${by}`;
}

/** Who was asked and who decided what. */
export function approvals({ view }: ReportFacts): string {
  return section("Approvals", view.approvals.flatMap(approvalLines));
}

function approvalLines({ id, playbook, target, status, votes, policy }: Approval): readonly string[] {
  return [
    `- ${text(id)}: ${text(playbook)} on ${text(target)}, ${status}; ${policy.required} of ${text(policy.group)}`,
    ...votes.map((vote) => {
      const approved = vote.keep ? "approved to be kept" : "approved";
      const verb = vote.decision === "approve" ? approved : "rejected";
      return `  - ${verb} by ${text(vote.by)} at ${minute(vote.at)}${vote.reason ? `: ${text(vote.reason)}` : ""}`;
    }),
  ];
}

/** What only people can say, with the evidence there is: RB-REPORT-7. */
export function people(facts: ReportFacts): string {
  const evidence = [`- evidence: ${evidenceText(facts)}`, ...(remedyOf(facts) ? branches(facts) : [])];
  return [section("Root cause", [BY_A_PERSON, "", ...evidence]), section("Lessons learned", [BY_A_PERSON])].join(
    "\n\n",
  );
}

function evidenceText(facts: ReportFacts): string {
  const remedy = remedyOf(facts);
  if (!remedy) return "no playbook repaired it";
  const { playbook, target } = remedy.run.created;
  const what = `${text(playbook)} on ${text(target)}`;
  if (remedy.repaired) return `${what} repaired it`;
  return `${what} made the last change before ${remedy.before}; that it helped was not measured`;
}

function branches({ runs }: ReportFacts): readonly string[] {
  return runs.flatMap((run) =>
    [...run.branches].flatMap(([path, branch]) =>
      typeof branch === "number" ? [`- ${text(run.created.playbook)} took case ${branch + 1} of ${text(path)}`] : [],
    ),
  );
}

/** Check boxes: what this incident leaves to do, then what every incident asks for (RB-REPORT-9 and 10). */
export function followUps(facts: ReportFacts): string {
  const due = dueAt(facts);
  const general = [
    `post-mortem meeting${due === undefined ? "" : `, due ${minute(due)}`}`,
    "preventive measure",
    "preventive measure",
    "improvement of detection: alert thresholds, severity rules",
    "review the runbook and the playbook that ran",
  ];
  return section(
    "Follow-ups",
    [...ownFollowUps(facts), ...general].map((item) => `- [ ] ${item}`),
  );
}

function dueAt({ view, postMortemWithin }: ReportFacts): number | undefined {
  const { resolvedAt } = view.incident;
  return resolvedAt === undefined || postMortemWithin === undefined ? undefined : resolvedAt + postMortemWithin;
}

function ownFollowUps({ view, runs }: ReportFacts): readonly string[] {
  const failed = view.leases.filter((lease) => lease.status === "failed");
  const active = view.leases.filter((lease) => lease.status === "active" || lease.status === "reverting");
  const unknown = runs.filter((run) => run.unknown && !run.ended);
  const helpless = runs.filter((run) => run.ended?.state === "failed");
  return [
    ...failed.map(
      (lease) => `undo by hand: ${text(lease.describe)} on ${text(lease.target)} (lease ${text(lease.id)})`,
    ),
    ...active.map((lease) => `decide about lease ${text(lease.id)} before it ends ${minute(lease.endsAt)}`),
    ...unknown.map((run) => `find out and answer for run ${run.created.id}: ${text(run.unknown?.question ?? "")}`),
    ...helpless.map(
      (run) => `find out why ${text(run.created.playbook)} did not help: ${text(run.ended?.reason ?? "")}`,
    ),
    ...(view.incident.runs.length === 0 ? ["write a playbook for these alerts, or say why there is none"] : []),
    ...(view.incident.opening > 1 ? ["find out why the incident came back after it was resolved"] : []),
  ];
}
