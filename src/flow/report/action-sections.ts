import { foundInForce } from "../../core/run/changed.ts";
import type { Run, StepRecord } from "../../core/run/run.ts";
import { IN_FORCE } from "../../core/run/sentence.ts";
import { type Remedy, type ReportFacts, remedyOf } from "./facts.ts";
import { hhmm, section, text } from "./markdown.ts";

/** What was done, from the journals, with who approved it: RB-REPORT-8. */
export function actions(facts: ReportFacts): string {
  const remedy = remedyOf(facts);
  const lines = facts.runs.flatMap((run) =>
    runLines(run, { credit: run === remedy?.run ? creditText(remedy) : "", hindsight: hindsightOf(facts, run) }),
  );
  return section("Actions taken", lines);
}

/** What became of the incident after a plan that was only observed. */
function hindsightOf({ timeline }: ReportFacts, { created }: Run): readonly string[] {
  return timeline.filter(({ kind, runId }) => kind === "incident" && runId === created.id).map((line) => line.text);
}

/** Only what was measured is called a repair: the alerts may have ended for any reason. */
function creditText({ repaired, before }: Remedy): string {
  return repaired ? "; **what repaired it**" : `; the last change before ${before}`;
}

type Told = { credit: string; hindsight: readonly string[] };

function runLines(run: Run, { credit, hindsight }: Told): readonly string[] {
  const { created, ended, grants, unknown } = run;
  const what = created.lease === undefined ? text(created.playbook) : `undoing lease ${text(created.lease)}`;
  const by = created.by === "stanch" ? "" : `, started by ${text(created.by)}`;
  const open = unknown ? `waits for an answer: ${text(unknown.question)}` : "under way";
  const end = ended ? `${ended.state} at ${hhmm(ended.at)}: ${text(ended.reason)}` : open;
  const done = [...run.steps.values()].filter((step) => step.outcome !== "skipped");
  return [
    `- **${what}** on ${text(created.target)} (${created.id}, ${created.severity}, ${created.autonomy}${by}): ${end}${credit}`,
    ...grants.map((grant) => `  - approved by ${text(grant.by)} (${text(grant.approvalId)})`),
    ...[...run.branches].map(([path, branch]) => `  - branch ${text(path)}: ${branchText(branch)}`),
    ...done.map((step) => `  - ${stepText(step, unknown?.path === step.path)}`),
    ...hindsight.map((line) => `  - in hindsight: ${text(line)}`),
  ];
}

function branchText(branch: number | "default" | "none"): string {
  return typeof branch === "number" ? `case ${branch + 1}` : branch;
}

/** What failed before it began has no effect, and none is known. */
function stepText(step: StepRecord, isAsked: boolean): string {
  const { path, uses, effect, at, outcome, message } = step;
  const what = effect === "read" && outcome === "failed" ? text(uses) : `${text(uses)}, ${effect}`;
  const name = uses === "" ? text(path) : `${text(path)} (${what})`;
  const end = outcome ?? (isAsked ? "outcome unknown" : "under way");
  const stands = foundInForce(step) ? `, ${IN_FORCE}` : "";
  return `${hhmm(at)} ${name}: ${end}${message === undefined ? "" : `, ${text(message)}`}${stands}`;
}

/** What recovery was measured by, and the values at the end: RB-REPORT-11. */
export function checks({ runs }: ReportFacts): string {
  const lines = runs.flatMap((run) =>
    [...run.verifications].flatMap(([path, { heldSince, checkedAt, values }]) => {
      const where = path === "" ? "recovery" : text(path);
      const held = heldSince === undefined ? "did not hold" : `hold since ${hhmm(heldSince)}`;
      const looked = checkedAt === undefined ? "not measured yet" : `${held}, last measured ${hhmm(checkedAt)}`;
      return [`- ${text(run.created.playbook)}, ${where}: ${looked}`, ...values.map((value) => `  - ${text(value)}`)];
    }),
  );
  return section("Checks and their values", lines, "- no recovery was measured");
}

/** What stanch held back, with the reason of each: RB-REPORT-11. */
export function notDone({ view, runs, timeline }: ReportFacts): string {
  const held = runs
    .filter((run) => run.ended && run.ended.state !== "succeeded")
    .map(
      ({ created, ended }) => `- ${text(created.playbook)} on ${text(created.target)}: ${text(ended?.reason ?? "")}`,
    );
  const skipped = runs.flatMap((run) =>
    [...run.steps.values()]
      .filter((step) => step.outcome === "skipped")
      .map((step) => `- ${text(run.created.playbook)}, step ${text(step.path)} skipped: ${text(step.reason ?? "")}`),
  );
  const guards = timeline.filter((entry) => entry.kind === "guard").map((entry) => `- ${text(entry.text)}`);
  const remarks = timeline.filter((entry) => entry.kind === "plan").map((entry) => `- ${text(entry.text)}`);
  const unseen =
    view.total > view.episodes.length ? [`- ${view.total - view.episodes.length} alerts are not shown`] : [];
  return section(
    "What was not done, and why",
    [...new Set([...held, ...skipped, ...guards, ...remarks, ...unseen])],
    "- nothing was held back",
  );
}
