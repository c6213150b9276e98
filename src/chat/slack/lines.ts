import type { Approval } from "../../core/approval.ts";
import type { Incident } from "../../core/incident.ts";
import { isOverdue, type Lease } from "../../core/lease.ts";
import { takenIncident } from "../../core/pause.ts";
import type { Pause } from "../../core/store.ts";
import type { Task } from "../../core/task.ts";
import type { RunView } from "../../core/views.ts";
import { untilWhen } from "./approval-end.ts";
import { type Block, LIMITS, section } from "./blocks.ts";
import { person } from "./said.ts";
import { code, foreign, join, type Mrkdwn, mrkdwn, when } from "./text.ts";

/** One incident as one line of a list. */
export function incidentLine({ id, severity, title, status, openedAt, taken }: Incident): Mrkdwn {
  const holder = taken ? mrkdwn`, ${person(taken.by)} has it` : mrkdwn``;
  return mrkdwn`• *${id}* ${severity} ${foreign(title, 150)} – ${status}, opened ${when(openedAt, "date")}${holder}`;
}

/** What waits for people to agree, and until when. */
export function approvalLine(approval: Approval): Mrkdwn {
  return mrkdwn`• ${approvalText(approval)}`;
}

/** An approval in one line: what it lets run, on what, for which incident and until when. */
export function approvalText(approval: Approval): Mrkdwn {
  const { id, playbook, target, severity, incidentId } = approval;
  const home = incidentId === undefined ? mrkdwn`` : mrkdwn` for ${incidentId}`;
  return mrkdwn`*${id}* ${severity} ${foreign(playbook, 100)} on ${code(target, 120)}${home}, ${untilWhen(approval)}`;
}

/** A run that goes on only when somebody has said what became of its step. */
export function questionLine({ id, playbook, state }: RunView): Mrkdwn {
  return mrkdwn`• *${id}* ${foreign(playbook, 100)}: ${foreign(state.question ?? "", 300)} Answer done, not-done or abort`;
}

/** What a person is asked to do, and for which incident. */
export function taskLine({ id, ask, incidentId }: Task): Mrkdwn {
  const home = incidentId === undefined ? mrkdwn`` : mrkdwn` (${incidentId})`;
  return mrkdwn`• *${id}* ${foreign(ask, 200)}${home}`;
}

/** In brackets why undoing it failed last, where that is known. */
export function whyNot({ failure }: Pick<Lease, "failure">, limit: number): Mrkdwn {
  return failure === undefined ? mrkdwn`` : mrkdwn` (${foreign(failure, limit)})`;
}

/** How and when a temporary change is undone, or why it has not been. */
export function leaseLine(lease: Lease): Mrkdwn {
  const { id, describe, endsAt, status } = lease;
  const why = whyNot(lease, 100);
  if (status === "failed") return mrkdwn`• *${id}* ⚠️ could not be undone${why}: ${foreign(describe, 200)}`;
  if (status === "reverting") return mrkdwn`• *${id}* is being undone: ${foreign(describe, 200)}`;
  if (isOverdue(lease))
    return mrkdwn`• *${id}* ⚠️ undoing failed${why}, again ${when(endsAt, "date")}: ${foreign(describe, 200)}`;
  return mrkdwn`• *${id}* until ${when(endsAt, "date")}, then: ${foreign(describe, 200)}`;
}

/** What is paused or taken over, by whom and until when. */
export function pauseLine({ scope, by, reason, until }: Pause): Mrkdwn {
  const taken = takenIncident(scope);
  if (taken !== undefined) return mrkdwn`• *${taken}* taken over by ${person(by)} until \`release ${taken}\``;
  const end = until === undefined ? mrkdwn`until somebody resumes` : mrkdwn`until ${when(until, "date")}`;
  return mrkdwn`• *${foreign(scope, 150)}* by ${person(by)} ${end}${reason === "" ? "" : `: ${reason}`}`;
}

const LISTED = 20;
/** Room is left for what says that there is more. */
const ROOM = LIMITS.section - 100;

/** Lines under a title, as many whole ones as a section takes, and how many more there are. */
export function list(title: string, lines: readonly Mrkdwn[]): Block | undefined {
  if (lines.length === 0) return undefined;
  let [shown, size] = [0, title.length];
  for (const { mrkdwn: line } of lines.slice(0, LISTED)) {
    size += line.length + 1;
    if (size > ROOM) break;
    shown += 1;
  }
  const more = lines.length > shown ? mrkdwn`… and ${lines.length - shown} more` : undefined;
  return section(join([mrkdwn`*${title}*`, ...lines.slice(0, shown), more]));
}
