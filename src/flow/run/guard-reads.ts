import type { AlertRecord } from "../../core/episode.ts";
import { messageOf } from "../../core/errors.ts";
import type { Unreadable } from "../../core/guard/snapshot.ts";
import type { ReadyStep } from "../../core/run/move.ts";
import type { Doc, GuardReads, GuardValues } from "../../core/store.ts";
import type { Instant, Milliseconds } from "../../core/time.ts";
import { budgetsOf, cooldownMarker, RUNNING } from "./budgets.ts";
import type { Measured } from "./guard-snapshot.ts";
import { locksOf } from "./locks.ts";
import { incidentNow } from "./restoring.ts";
import { isForsaken } from "./still-asked.ts";
import { TARGETS_ALERTING, TARGETS_SEEN } from "./targets.ts";
import { nowOf, type Turn } from "./turn.ts";

/** Targets are known for this long after a run was last created on them. */
const KNOWN_FOR: Milliseconds = 7 * 24 * 3_600_000;
/** What was read for one step serves the next ones of the same turn for so long: the intent's commit checks again anyway. */
const SERVES_FOR: Milliseconds = 1_000;

/** What the store said for the guards, and when. */
export type KeptValues = { at: Instant; values: GuardValues; measured: Measured };

/** Everything the guards of one step look at, in one round trip; unreadable, and every guard that needs it denies. */
export async function readValues(turn: Turn, ready: ReadyStep): Promise<GuardValues | Unreadable> {
  const kept = keptValues(turn);
  if (kept) return kept;
  try {
    const incident = await incidentNow(turn);
    const values = await turn.deps.store.guardValues(readsFor(turn, ready, incident));
    const own = turn.run.created.alertId && (values.docs.at(-1) as Doc<AlertRecord> | undefined)?.body;
    const isForNothing = (values.sets[1] ?? 0) > 0 && own && (await isForsaken(turn, own, incident));
    return isForNothing ? { ...values, sets: [values.sets[0] ?? 0, 0] } : values;
  } catch (error) {
    return { unreadable: messageOf(error) };
  }
}

/** What an earlier step of this turn has read, while it still serves: for a run that holds its locks and has its budget. */
export function keptValues(turn: Turn): GuardValues | undefined {
  const { kept, run } = turn;
  return kept && run.reservation !== undefined && nowOf(turn) - kept.at < SERVES_FOR ? kept.values : undefined;
}

function readsFor(turn: Turn, ready: ReadyStep, incident: string | undefined): GuardReads {
  const { playbook, target } = turn.run.created;
  const now = nowOf(turn);
  return {
    locks: locksOf(turn, ready),
    markers: [cooldownMarker(playbook, target), undoneMarker(playbook, target)],
    budgets: budgetWindows(turn).map(({ budget, window }) => ({ budget, per: window.per })),
    sets: [RUNNING, `incident:${incident ?? ""}:firing`],
    indexes: [
      { index: TARGETS_SEEN, min: now - KNOWN_FOR },
      { index: TARGETS_ALERTING, min: now - KNOWN_FOR },
    ],
    docs: [{ kind: "demotion", id: playbook }, ...recentOpenings(turn).map((id) => ({ kind: "alert" as const, id }))],
  };
}

/** Every window of every budget that the run draws on. */
export function budgetWindows(turn: Turn) {
  return budgetsOf(turn).flatMap((one) =>
    one.windows.map((window) => ({ name: one.name, budget: one.budget, window })),
  );
}

/** The episodes of the alert that started the run, as far back as flapping looks. */
function recentOpenings(turn: Turn): readonly string[] {
  const { alertId } = turn.run.created;
  if (alertId === undefined) return [];
  const dash = alertId.lastIndexOf("-");
  const opening = Number(alertId.slice(dash + 1));
  const first = Math.max(1, opening - turn.deps.config.limits.flapping.changes);
  return Array.from({ length: opening - first + 1 }, (_, index) => `${alertId.slice(0, dash)}-${first + index}`);
}

/** How often these episodes have opened or ended since then. */
export function changesSince(records: readonly (AlertRecord | undefined)[], since: Instant): number {
  return records.reduce((sum, record) => sum + (record ? changesOf(record, since) : 0), 0);
}

function changesOf({ state }: AlertRecord, since: Instant): number {
  const ended = state.status === "resolved" ? (state.endsAt ?? state.lastSeen) : 0;
  return (state.openedAt >= since ? 1 : 0) + (ended >= since ? 1 : 0);
}

/** The marker that a mitigation was undone here a short while ago. */
export function undoneMarker(playbook: string, target: string): string {
  return `undone:${playbook}|${target}`;
}
