import { redact } from "../core/redact.ts";
import { hasChanged } from "../core/run/changed.ts";
import type { Run, StepRecord } from "../core/run/run.ts";
import { endingText } from "../core/run/sentence.ts";
import { HUMAN_TASK } from "../core/task.ts";
import { isoTime, plainTime } from "../core/time.ts";
import type { RunStateKind, RunView, StepRow } from "../core/views.ts";

/** A run as people and clients see it, the same as long as the run is; secrets are redacted. */
export function runView(run: Run): RunView {
  const { created, ended } = run;
  return {
    id: created.id,
    playbook: created.playbook,
    ...(created.incidentId === undefined ? {} : { incidentId: created.incidentId }),
    ...(created.runbook === undefined ? {} : { runbook: created.runbook }),
    target: created.target,
    state: stateView(run),
    autonomy: created.autonomy,
    severity: created.severity,
    steps: [...[...run.steps.values()].map(stepRow), ...pendingRows(run)],
    startedAt: isoTime(created.at),
    ...(ended === undefined ? {} : { endedAt: isoTime(ended.at) }),
    ...recoveryBy(run),
    sentence: sentenceOf(run),
  };
}

/** What undoes a lease or restores something after the recovery brings none about. */
function recoveryBy({ created, ended, steps, verifications }: Run): Pick<RunView, "recovery"> {
  const isAgainst = created.trigger === "firing" || created.trigger === "manual";
  if (ended?.state !== "succeeded" || !isAgainst || ![...steps.values()].some(hasChanged)) return {};
  return { recovery: verifications.has("") ? "measured" : "unmeasured" };
}

/** The state's name, as design section 9 lists them. Pure and total. */
export function stateKind(run: Run): RunStateKind {
  if (run.ended) return run.ended.state;
  if (run.unknown) return "unknown_outcome";
  if (run.asked) return "awaiting_approval";
  const open = [...run.steps.values()].find((step) => step.state !== "done");
  if (run.reverting) return "reverting";
  if (open) return "executing";
  if (run.waiting && run.waiting.reason !== "verify") return "waiting";
  return run.verifications.has("") ? "verifying" : "ready";
}

function stateView(run: Run): RunView["state"] {
  const kind = stateKind(run);
  return {
    kind,
    ...(run.asked ? { approvalId: run.asked.approvalId, expiresAt: isoTime(run.asked.expiresAt) } : {}),
    ...(run.ended ? { reason: run.ended.reason } : {}),
    ...(run.unknown ? { question: run.unknown.question } : {}),
    ...(kind === "waiting" && run.waiting
      ? { until: isoTime(run.waiting.until), reason: run.waiting.detail ?? run.waiting.reason }
      : {}),
  };
}

/** What an approval is waited for to do. */
function pendingRows({ asked, steps }: Run): readonly StepRow[] {
  const ahead = asked?.ahead?.filter(({ path }) => !steps.has(path)) ?? [];
  return ahead.map(({ path, uses }) => ({ path, uses, state: "pending" }));
}

function stepRow(record: StepRecord): StepRow {
  const { path, attempt, uses, reason, message } = record;
  return {
    path,
    attempt,
    state: record.state === "done" ? "done" : "executing",
    ...(uses === "" ? {} : { uses }),
    ...(record.outcome === undefined ? {} : { outcome: record.outcome }),
    input: redact(record.input),
    ...(record.output === undefined ? {} : { output: redact(record.output) }),
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  };
}

/** Times are written out: the sentence stands in messages that nobody edits as time goes by. */
function sentenceOf(run: Run): string {
  if (run.ended) return endingText(run.ended);
  if (run.unknown) return `waits for an answer: ${run.unknown.question}`;
  if (run.asked?.veto !== undefined) return `waits for approval ${run.asked.approvalId}, or for nobody to object`;
  if (run.asked) return `waits for approval ${run.asked.approvalId}, until ${plainTime(run.asked.expiresAt)}`;
  const open = [...run.steps.values()].find((step) => step.state !== "done");
  if (open) return `${open.path}: ${open.uses === HUMAN_TASK ? "waits for a person" : `${open.uses} is under way`}`;
  if (run.reverting) return `undoing: ${run.reverting.reason}`;
  const check = run.verifications.get("");
  if (check)
    return check.heldSince === undefined ? "measuring recovery" : `recovery holds since ${plainTime(check.heldSince)}`;
  if (run.waiting) return `waits: ${run.waiting.detail ?? run.waiting.reason}`;
  return "about to go on";
}
