import type { EscalationLevel } from "./config.ts";
import { formatDuration } from "./duration.ts";
import { type Incident, isManual } from "./incident.ts";
import type { Instant, Milliseconds } from "./time.ts";

/** A call that no channel has confirmed after this goes to the next level at once (design 14.8). */
export const CONFIRM_WITHIN: Milliseconds = 60_000;

/**
 * Why a person is needed now. `key` names this very need: a new one of a kind that re-arms lets every level fire again.
 * A pending approval and an open task call people, but are no news that an acknowledgement would not cover.
 */
export type Need = {
  kind: "approval" | "task" | "expired" | "unknown_outcome" | "exhausted" | "failed_revert" | "overdue_revert";
  key: string;
  text: string;
};

/** What escalation remembers of one incident (document kind `escalation`, id = incident). */
export type EscalationState = {
  /** What has armed it so far: openings, severities, needs. A new one re-arms. */
  causes: readonly string[];
  armedAt: Instant;
  /** Levels that have fired since, by `levelKey`. */
  fired: readonly string[];
  /** The latest call, until a channel has confirmed it or nobody is left to call; `inChat`: the chat can confirm it. */
  call?: { at: Instant; inChat: boolean };
  /** PagerDuty connection → what it is to be told, or was told last. */
  pages: Readonly<Record<string, Page>>;
};

/** `trigger` and `resolve` are still to be sent; `failed` when that was tried and could not be done. */
export type Page = {
  event: "trigger" | "triggered" | "resolve" | "resolved";
  at: Instant;
  text: string;
  retryAt?: Instant;
  failed?: boolean;
};

/** What escalation looks at. `confirmed`: some channel has delivered the latest call. */
export type EscalationView = {
  incident: Incident;
  needs: readonly Need[];
  confirmed: boolean;
  now: Instant;
};

/** The call to make now, if any, the state after it, and when to look again; no `next`: only when something changes. */
export type EscalationStep = {
  state: EscalationState;
  call?: { text: string; notify: readonly string[] };
  next?: Instant;
};

type Levels = readonly EscalationLevel[];

/**
 * Which levels fire now. Times count from the present opening; `ack` stops every level until it runs out; each level fires once
 * per arming, and a severity rise, an exhausted ladder, an unknown outcome, a failed revert or a reopening arms anew. Pure.
 */
export function escalationStep(levels: Levels, view: EscalationView, before?: EscalationState): EscalationStep {
  const { now } = view;
  const armed = arm(view, before);
  const state = view.confirmed || view.incident.status === "resolved" ? withoutCall(armed) : armed;
  const left = levels.filter((level) => mayFire(level, view) && !state.fired.includes(levelKey(level)));
  const restsUntil = restEnd(view.incident, state, now);
  const firing = restsUntil === undefined ? dueLevels(left, state, view) : [];
  if (firing.length === 0) {
    const lost = restsUntil === undefined && isOverdue(state, now);
    return step(lost ? withoutCall(state) : state, nextAt(left, view, { state, restsUntil }));
  }
  const notify = [...new Set(firing.flatMap((level) => level.notify))];
  const fired: EscalationState = {
    ...state,
    fired: [...state.fired, ...firing.map(levelKey)],
    call: { at: now, inChat: notify.some((one) => one.startsWith("slack:")) },
    pages: { ...state.pages, ...pagesFor(notify, callText(view, firing, state), now) },
  };
  const rest = left.filter((level) => !firing.includes(level));
  const next = nextAt(rest, view, { state: fired, restsUntil: undefined });
  return { ...step(fired, next), call: { text: callText(view, firing, state), notify } };
}

/** Names a level by what it says, so that editing `stanch.yaml` neither fires one twice nor skips another. */
export function levelKey({ after, when, severities, notify }: EscalationLevel): string {
  return [after, when, severities.join(","), notify.join(",")].join(" ");
}

/** The moment that a level's `after` counts from. */
export function clockStart({ openedAt, reopenedAt }: Incident): Instant {
  return reopenedAt ?? openedAt;
}

function step(state: EscalationState, next: Instant | undefined): EscalationStep {
  return next === undefined ? { state } : { state, next };
}

function arm(view: EscalationView, before: EscalationState | undefined): EscalationState {
  const causes = causesOf(view);
  if (before === undefined) return { causes, armedAt: clockStart(view.incident), fired: [], pages: {} };
  const news = causes.filter((cause) => !before.causes.includes(cause));
  if (news.length === 0) return before;
  return { ...before, causes: [...before.causes, ...news], armedAt: view.now, fired: [] };
}

function causesOf({ incident, needs }: EscalationView): readonly string[] {
  const own = [`opening ${incident.opening}`, `severity ${incident.opening} ${incident.severity}`];
  return [...own, ...needs.filter(({ kind }) => kind !== "approval" && kind !== "task").map((need) => need.key)];
}

function withoutCall(state: EscalationState): EscalationState {
  const { call: _, ...rest } = state;
  return rest;
}

/** An acknowledgement older than the arming is one of something else. */
function restEnd({ acknowledged }: Incident, state: EscalationState, now: Instant): Instant | undefined {
  if (acknowledged === undefined || acknowledged.at < state.armedAt) return undefined;
  return now < acknowledged.until ? acknowledged.until : undefined;
}

function mayFire(level: EscalationLevel, { incident, needs }: EscalationView): boolean {
  if (!level.severities.includes(incident.severity)) return false;
  if (level.when === "needs-person") return needs.length > 0;
  return incident.status === "open" && !isManual(incident);
}

/** Levels whose time has come, and the next one ahead of its time when the last call has reached nobody. */
function dueLevels(left: Levels, state: EscalationState, { incident, now }: EscalationView): Levels {
  const due = left.filter((level) => clockStart(incident) + level.after <= now);
  if (due.length > 0 || !isOverdue(state, now)) return due;
  return left.toSorted((a, b) => a.after - b.after).slice(0, 1);
}

function isOverdue({ call }: EscalationState, now: Instant): boolean {
  return call !== undefined && now >= call.at + CONFIRM_WITHIN;
}

type Rest = { state: EscalationState; restsUntil: Instant | undefined };

function nextAt(left: Levels, { incident, now }: EscalationView, { state, restsUntil }: Rest): Instant | undefined {
  const start = clockStart(incident);
  const levels = left.map((level) => Math.max(start + level.after, restsUntil ?? 0));
  const confirm = state.call === undefined ? [] : [Math.max(state.call.at + CONFIRM_WITHIN, restsUntil ?? 0)];
  const times = [...levels, ...confirm].filter((at) => at > now);
  return times.length === 0 ? undefined : Math.min(...times);
}

function callText(view: EscalationView, firing: Levels, state: EscalationState): string {
  const { incident, needs, now } = view;
  const since = now - clockStart(incident);
  const open = formatDuration(since < 60_000 ? since : Math.floor(since / 60_000) * 60_000);
  const parts = [
    ...(firing.some((level) => level.when === "needs-person") ? needs.slice(0, 3).map((need) => need.text) : []),
    ...(firing.some((level) => level.when === "unmitigated") ? [`not mitigated ${open} after it opened`] : []),
    ...(isOverdue(state, now) ? [`the last call has reached nobody within ${formatDuration(CONFIRM_WITHIN)}`] : []),
  ];
  return `${incident.severity}: ${parts.join("; ")}`;
}

function pagesFor(notify: readonly string[], text: string, at: Instant): Readonly<Record<string, Page>> {
  const names = notify.filter((one) => one.startsWith("pagerduty:")).map((one) => one.slice("pagerduty:".length));
  return Object.fromEntries(names.map((name) => [name, { event: "trigger" as const, at, text }]));
}
