import { cutText, redactText } from "../core/redact.ts";
import type { Severity } from "../core/severity.ts";
import type { Instant, Milliseconds } from "../core/time.ts";
import type { TimelineKind } from "../core/timeline.ts";
import { type IncidentView, isOvertaken, type RunView } from "../core/views.ts";

/** Longest piece of foreign text (a label, a title, a reason) that is shown in one place. */
export const MAX_PIECE = 500;

const GAPS = /[\s\u0085]+/g;
const INVISIBLE = /[\p{Cc}\u00AD\u061C\u180E\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]/gu;
const LONE_SURROGATE = /\p{Cs}/gu;
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/**
 * Foreign text as one harmless line: no control, bidirectional or zero-width characters, so that it cannot forge a line, move a
 * cursor or reorder its neighbours; right-to-left text is isolated; known shapes of secrets are replaced; cut to `max` UTF-16 units.
 */
export function plain(text: string, max = MAX_PIECE): string {
  const line = redactText(cutText(text, max * 4))
    .replace(GAPS, " ")
    .replace(INVISIBLE, "")
    .replace(LONE_SURROGATE, "\uFFFD")
    .replace(/ +/g, " ")
    .trim();
  const short = shorten(line, max);
  return RIGHT_TO_LEFT.test(short) ? `\u2068${short}\u2069` : short;
}

/** At most `max` UTF-16 units, ending in `…` when something was cut; never half a character. */
export function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  const cut = text.slice(0, max - 1);
  const last = cut.charCodeAt(cut.length - 1);
  return `${last >= 0xd800 && last <= 0xdbff ? cut.slice(0, -1) : cut}…`;
}

/** How long, for people: `45 s`, `7 min`, `2 h 5 min`, `3 d 4 h`. */
export function lasting(length: Milliseconds): string {
  const seconds = Math.max(0, Math.round(length / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${hours / 24} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `12:03:05`, UTC. */
export function clock(at: Instant): string {
  return new Date(at).toISOString().slice(11, 19);
}

/** `2026-11-21 12:03`, UTC. */
export function dayAndTime(at: Instant): string {
  return new Date(at).toISOString().slice(0, 16).replace("T", " ");
}

/** `1 alert`, `3 alerts`. */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? "" : "s"}`;
}

const ICONS: Readonly<Record<TimelineKind, string>> = {
  alert: "🔔",
  severity: "📈",
  incident: "🚨",
  plan: "📋",
  run: "▶️",
  step: "🔧",
  guard: "🛑",
  approval: "🗳️",
  verify: "📏",
  lease: "⏳",
  revert: "↩️",
  decision: "👤",
  escalation: "📣",
  message: "💬",
  report: "📝",
};

/** The sign of a timeline line. */
export function iconOf(kind: TimelineKind): string {
  return ICONS[kind];
}

const LAMPS: Readonly<Record<Severity, string>> = { P0: "🔴", P1: "🟠", P2: "🟡" };

/** Somebody may close what still fires. */
export function isClosedByHand({ incident, firing }: IncidentView): boolean {
  return incident.status === "resolved" && firing > 0;
}

/** No alert has opened it: a person's run made it, and it ends with that. */
export function isOfRun({ total }: IncidentView): boolean {
  return total === 0;
}

/** It is over, and that is no good news: closed while it fires, or a person's run that did not succeed. */
export function isNoSuccess(view: IncidentView): boolean {
  return isClosedByHand(view) || (isOfRun(view) && winnerOf(view) === undefined);
}

/** The sign of an incident: its severity's, blue when mitigated, green when all is well, white when closed while it fires or without success. */
export function lampOf(view: IncidentView): string {
  const { status, severity } = view.incident;
  if (status === "resolved") return isNoSuccess(view) ? "⚪" : "🟢";
  return status === "mitigated" ? "🔵" : LAMPS[severity];
}

const ENDED: ReadonlySet<string> = new Set(["succeeded", "failed", "cancelled", "observed"]);

/** A run that may still do something. */
export function isActive(run: RunView): boolean {
  return !ENDED.has(run.state.kind);
}

/** What stanch is doing now, in one sentence of foreign and own words. */
export function doing(view: IncidentView): string {
  const active = view.runs.filter(isActive);
  const worst = active.find((run) => run.state.kind === "unknown_outcome") ?? active[0];
  if (worst) return `${worst.playbook}: ${worst.sentence}`;
  if (view.incident.status === "resolved") return "nothing more to do";
  if (view.incident.status === "mitigated") return "the mitigation holds; an alert is still firing";
  if (view.incident.escalatedAt !== undefined)
    return `${view.runs.length === 0 ? "no playbook runs for it" : "out of playbooks"}; people were called`;
  return view.runs.length === 0 ? "watching; no playbook has run" : "no playbook is running";
}

/** What ended the incident: the last run that changed something and measured the recovery, unless the incident became worse after it. */
export function fixedBy(view: IncidentView): string {
  if (isOfRun(view)) return ranText(view.runs.toSorted(byEnd).at(-1));
  if (winnerOf(view) === undefined) return "it recovered without a successful run";
  const winner = view.runs
    .filter(({ recovery }) => recovery !== undefined)
    .toSorted(byEnd)
    .at(-1);
  if (winner === undefined) return "it recovered; no run that succeeded had changed anything";
  const what = `${winner.playbook} on ${winner.target}`;
  const isOver = isOvertaken(view, winner.target, Date.parse(winner.endedAt ?? winner.startedAt));
  if (isOver) return `it recovered after ${what}, which had not held`;
  return winner.recovery === "measured" ? `fixed by ${what}` : `it recovered after ${what}, which measured nothing`;
}

function ranText(last: RunView | undefined): string {
  return last === undefined ? "nothing was run" : `${last.playbook} on ${last.target}: ${last.state.kind}`;
}

function winnerOf({ runs }: IncidentView): RunView | undefined {
  return runs
    .filter((run) => run.state.kind === "succeeded")
    .toSorted(byEnd)
    .at(-1);
}

/** From the first alert's start to the recovery. */
export function outage(view: IncidentView): Milliseconds | undefined {
  const { resolvedAt, startedAt, openedAt } = view.incident;
  return resolvedAt === undefined ? undefined : resolvedAt - Math.min(startedAt, openedAt);
}

function byEnd(a: RunView, b: RunView): number {
  return (a.endedAt ?? a.startedAt).localeCompare(b.endedAt ?? b.startedAt);
}
