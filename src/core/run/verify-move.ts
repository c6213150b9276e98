import { formatDuration } from "../duration.ts";
import type { Playbook, Verify } from "../playbook/playbook.ts";
import type { Instant, Milliseconds } from "../time.ts";
import type { RunEvent, StepPath } from "./events.ts";
import type { Move, MoveInputs } from "./move.ts";
import type { Run, Verification } from "./run.ts";

/** Why a run with checks succeeded; without checks it only says that its steps are done. */
export const RECOVERED = "recovery was measured and held";

/** Begins the reason of a run whose checks did not hold. */
export const NOT_VERIFIED = "verification_failed";

/** Two measurements further apart than this leave a time in which nobody knows what held. */
export function isUnwatched({ checkedAt }: Pick<Verification, "checkedAt">, verify: Verify, now: Instant): boolean {
  return checkedAt !== undefined && now - checkedAt > 2 * verify.every + SLACK;
}

/** A busy worker may be late by so much. */
const SLACK: Milliseconds = 10_000;

/**
 * Where a verification stands; `path` names a `for-each` round, absent for the playbook's own. Its time stands still while no worker
 * measures: what a change came to is not told by stanch having been away.
 */
export function verification(run: Run, verify: Verify, inputs: MoveInputs, path?: StepPath): Move | "held" | "failed" {
  const { now } = inputs;
  const at = path === undefined ? {} : { path };
  const seen = run.verifications.get(path ?? "");
  if (seen === undefined)
    return { kind: "record", events: [{ type: "verifying", at: now, until: now + verify.within, ...at }] };
  if (seen.heldSince !== undefined && (seen.checkedAt ?? 0) - seen.heldSince >= verify.hold) return "held";
  const next = seen.checkedAt === undefined ? seen.startedAt : seen.checkedAt + verify.every;
  if (next > seen.until) return "failed";
  if (now < next) return { kind: "wait", until: next, reason: "verify", ...at };
  const late = now - next;
  return late > verify.every + SLACK
    ? { kind: "record", events: [unmeasured({ now, late, until: seen.until }, path)] }
    : { kind: "check", verify, ...at };
}

/** Journaled before the next measurement, so that one which ends its worker each time does not move the end for ever. */
function unmeasured(
  { now, late, until }: { now: Instant; late: Milliseconds; until: Instant },
  path: StepPath | undefined,
): RunEvent {
  const values = [`nobody measured for ${formatDuration(late)}, which does not count`];
  const event = { type: "checked", at: now, held: "unknown", values, until: until + late, unwatched: true } as const;
  return path === undefined ? event : { ...event, path };
}

/** What a verification that has failed saw last, or that it did hold then; empty when it never measured anything. */
export function lastSeen({ verifications }: Pick<Run, "verifications">, path = ""): string {
  const { values = [], heldSince } = verifications.get(path) ?? {};
  if (heldSince !== undefined) return "; at last they held, but not for long enough";
  return values.length === 0 ? "" : `; at last: ${brief(values.join("; "))}`;
}

const SHOWN = 300;

function brief(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

/** After the last step: the run succeeds only if its checks hold for the stated time. */
export function verifyMove(run: Run, playbook: Playbook, inputs: MoveInputs): Move {
  if (!playbook.verify) return { kind: "finish", state: "succeeded", reason: "all steps done" };
  const stand = verification(run, playbook.verify, inputs);
  if (stand === "held") return { kind: "finish", state: "succeeded", reason: RECOVERED };
  if (stand !== "failed") return stand;
  const reason = `${NOT_VERIFIED}: the checks did not hold in time${lastSeen(run)}`;
  if (!playbook.onFailure.includes("revert") || !run.mutated) return { kind: "finish", state: "failed", reason };
  return { kind: "record", events: [{ type: "reverting", at: inputs.now, reason, prefix: "" }] };
}
