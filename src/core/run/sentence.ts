import { UNOPPOSED } from "../approval.ts";
import { formatDuration } from "../duration.ts";
import type { TimelineEntry, TimelineKind } from "../timeline.ts";
import { foundInForce } from "./changed.ts";
import type { EndState, RunEvent } from "./events.ts";
import type { Run } from "./run.ts";

/** Of a changing step that made no change. */
export const IN_FORCE = "it was so already, and nothing was changed";

type Line = { kind: TimelineKind; text: string; by?: string };

/** The timeline's line for a journal event; undefined for what people need not read. `describe` puts a step in plain words. */
export function lineOf(
  run: Run,
  event: RunEvent,
  describe: (uses: string, input: Readonly<Record<string, unknown>>) => string,
): TimelineEntry | undefined {
  const line = stepLine(run, event, describe) ?? courseLine(run, event);
  if (line === undefined) return undefined;
  return { at: event.at, kind: line.kind, text: line.text, by: line.by ?? "stanch", runId: run.created.id };
}

function stepLine(
  run: Run,
  event: RunEvent,
  describe: (uses: string, input: Readonly<Record<string, unknown>>) => string,
): Line | undefined {
  switch (event.type) {
    case "skipped":
      return { kind: "step", text: `${event.path} skipped: ${event.reason}` };
    case "intent":
      return {
        kind: "step",
        text: `${event.path}: ${describe(event.uses, event.input)}${event.attempt > 1 ? ` (attempt ${event.attempt})` : ""}`,
      };
    case "started":
      return { kind: "step", text: startedText(event, describe) };
    case "outcome":
      return outcomeLine(run, event);
    case "branched":
      return {
        kind: "step",
        text: `${event.path}: took ${typeof event.branch === "number" ? `case ${event.branch + 1}` : event.branch}`,
      };
    case "rounds":
      return { kind: "step", text: `${event.path}: ${event.items.length} round${event.items.length === 1 ? "" : "s"}` };
    case "round":
      return run.created.autonomy === "observe" ? undefined : { kind: "step", text: roundText(run, event) };
    default:
      return undefined;
  }
}

function startedText(
  event: Extract<RunEvent, { type: "started" }>,
  describe: (uses: string, input: Readonly<Record<string, unknown>>) => string,
): string {
  const found = event.message === undefined ? "" : ` (${event.message})`;
  if (event.uses === undefined) return `${event.path} is under way${found}; waiting until the target has finished`;
  return `${event.path}: ${describe(event.uses, event.input ?? {})}; waiting until that is done`;
}

function outcomeLine(run: Run, event: Extract<RunEvent, { type: "outcome" }>): Line | undefined {
  const undo = event.path.startsWith("undo/");
  const kind = undo ? "revert" : "step";
  const retry =
    event.retryAt === undefined ? "" : `; again in ${formatDuration(Math.max(0, event.retryAt - event.at))}`;
  if (event.outcome === "failed")
    return { kind, text: `${event.path} failed: ${event.message ?? event.reason ?? "no reason given"}${retry}` };
  const effect = run.steps.get(event.path)?.effect ?? "read";
  const values =
    effect === "read" ? valuesText(event.output) : foundInForce({ effect, ...event }) ? `: ${IN_FORCE}` : "";
  return { kind, text: `${event.path} ${event.outcome}${event.message ? `: ${event.message}` : ""}${values}` };
}

/** The few plain fields of a read step's output that people look for. */
function valuesText(output: Readonly<Record<string, unknown>> | undefined): string {
  const plain = Object.entries(output ?? {}).filter(([, value]) =>
    ["string", "number", "boolean"].includes(typeof value),
  );
  if (plain.length === 0) return "";
  return ` (${plain
    .slice(0, 4)
    .map(([key, value]) => `${key} ${String(value).slice(0, 60)}`)
    .join(", ")})`;
}

/** A round has held where its checks have; without any, its steps are done and no more. */
function roundText(run: Run, event: Extract<RunEvent, { type: "round" }>): string {
  const round = `${event.path}: round ${event.round + 1}`;
  if (event.phase === "waiting")
    return `${round} set; watching for ${formatDuration((event.until ?? event.at) - event.at)}`;
  if (event.phase === "failed") return `${round} did not hold; going back to the round before`;
  return run.verifications.has(`${event.path}/${event.round}`) ? `${round} held` : `${round} done`;
}

function askedUntil({ at, expiresAt, veto }: Extract<RunEvent, { type: "asked" }>): string {
  if (veto === undefined) return `it expires in ${formatDuration(expiresAt - at)}`;
  return `it runs when nobody objects for ${formatDuration(veto)} after a channel has shown it`;
}

function courseLine(run: Run, event: RunEvent): Line | undefined {
  switch (event.type) {
    case "created":
      return { kind: "run", text: createdText(event), by: event.by };
    case "waiting":
      return waitingLine(run, event);
    case "asked":
      return {
        kind: "approval",
        text: `approval ${event.approvalId} asked for: ${event.reason}; ${askedUntil(event)}`,
      };
    case "granted":
      return { kind: "approval", text: grantedText(event), by: event.by };
    case "refused":
      return {
        kind: "approval",
        text: `approval ${event.how} by ${event.by}${event.reason && `: ${event.reason}`}`,
        by: event.by,
      };
    case "unknown":
      return {
        kind: "step",
        text: `outcome unknown at ${event.path}: ${event.question} Answer done, not-done or abort; nothing more happens until then`,
      };
    case "answered":
      return { kind: "decision", text: answeredText(event), by: event.by };
    case "verifying":
      return { kind: "verify", text: `measuring recovery for at most ${formatDuration(event.until - event.at)}` };
    case "checked":
      return checkedLine(run, event);
    case "resolved":
      return { kind: "run", text: resolvedText(run, event) };
    case "reverting":
      return { kind: "revert", text: `undoing what was changed, because ${event.reason}` };
    case "cancelling":
      return { kind: "decision", text: event.reason, by: event.by };
    case "ended":
      return { kind: "run", text: endedText(run, event) };
    default:
      return undefined;
  }
}

function resolvedText(run: Run, { by, handsOff }: Extract<RunEvent, { type: "resolved" }>): string {
  const why = by === undefined ? "the alert resolved" : `${by} closed the incident`;
  if (handsOff) return `${why} that was in people's hands; nothing more is changed`;
  return `${why}; no further step is started${run.mutated ? ", but a group that has begun is completed" : ""}`;
}

function answeredText({ by, answer, path, reason }: Extract<RunEvent, { type: "answered" }>): string {
  return `${by} answered ${answer} for ${path}${reason === undefined ? "" : `: ${reason}`}`;
}

function grantedText({ by, keptBy }: Extract<RunEvent, { type: "granted" }>): string {
  if (by === UNOPPOSED) return `${UNOPPOSED} within the veto window; it goes on`;
  if (keptBy === undefined) return `approved by ${by}`;
  return `approved by ${keptBy}, to be kept: it gets no lease, and nothing undoes it after this run`;
}

function endedText(run: Run, event: Extract<RunEvent, { type: "ended" }>): string {
  const what = run.created.lease === undefined ? run.created.playbook : `undoing lease ${run.created.lease}`;
  return `${what} ${endingText(event)}`;
}

/** How a run ended and why: `failed: denied.budget: ...`; a reason that says how is enough: `cancelled by anna (slack)`. */
export function endingText({ state, reason }: { state: EndState; reason: string }): string {
  return reason.startsWith(`${state} `) ? reason : `${state}: ${reason}`;
}

function createdText(event: Extract<RunEvent, { type: "created" }>): string {
  if (event.lease !== undefined) return `undoing lease ${event.lease} on ${event.target}`;
  const chosen = event.ends === undefined ? "chosen" : `ends lease ${event.ends}: chosen`;
  return `playbook ${event.playbook} ${chosen} for ${event.target} (${event.severity}, autonomy ${event.autonomy}); run ${event.id}`;
}

function waitingLine(run: Run, event: Extract<RunEvent, { type: "waiting" }>): Line | undefined {
  if (run.waiting?.reason === event.reason && run.waiting.path === event.path) return undefined;
  if (event.reason === "verify" || event.reason === "rollout" || event.reason === "retry" || event.reason === "round")
    return undefined;
  if (event.reason === "wait")
    return { kind: "step", text: `${event.path ?? ""}: waiting ${formatDuration(event.until - event.at)}` };
  return { kind: "guard", text: `waiting: ${event.detail ?? event.reason}` };
}

/** Only changes are told: the first measurement, each time the answer turns, and a time in which nobody measured. */
function checkedLine(run: Run, event: Extract<RunEvent, { type: "checked" }>): Line | undefined {
  const before = run.verifications.get(event.path ?? "");
  const held = event.held === true;
  const isAway = event.unwatched && event.until !== undefined;
  if (!isAway && before?.checkedAt !== undefined && (before.heldSince !== undefined) === held) return undefined;
  const head = event.until !== undefined ? "not measured" : held ? "checks hold" : "checks do not hold yet";
  return { kind: "verify", text: `${head}: ${event.values.join("; ")}` };
}
