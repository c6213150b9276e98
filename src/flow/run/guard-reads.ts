import type { AlertRecord } from "../../core/episode.ts";
import type { GuardSnapshot, Unreadable } from "../../core/guard/snapshot.ts";
import type { Store } from "../../core/store.ts";
import type { Instant, Milliseconds } from "../../core/time.ts";
import { budgetsOf } from "./budgets.ts";
import { TARGETS_ALERTING, TARGETS_SEEN } from "./targets.ts";
import type { Turn } from "./turn.ts";

/** Targets are known for this long after a run was last created on them. */
const KNOWN_FOR: Milliseconds = 7 * 24 * 3_600_000;
/** Larger fleets are judged by this many. */
const FLEET_READ = 5_000;

/** What each budget that the run draws on has spent in each of its windows. */
export async function readBudgets(turn: Turn): Promise<Exclude<GuardSnapshot["budgets"], Unreadable>> {
  const windows = budgetsOf(turn).flatMap((one) =>
    one.windows.map((window) => ({ name: one.name, budget: one.budget, window })),
  );
  return Promise.all(
    windows.map(async ({ name, budget, window }) => ({
      name,
      window,
      spent: await turn.deps.store.spent(budget, window.per),
    })),
  );
}

/** Whether an episode of the incident still fires; undefined for a run that no alert started. */
export async function isFiring(turn: Turn): Promise<boolean | undefined> {
  const { incidentId, trigger } = turn.run.created;
  if (incidentId === undefined || trigger !== "firing") return undefined;
  return (await turn.deps.store.size(`incident:${incidentId}:firing`)) > 0;
}

/** How many of the known targets alert now. */
export async function readFleet(turn: Turn, now: Instant): Promise<Exclude<GuardSnapshot["fleet"], Unreadable>> {
  const { store, config } = turn.deps;
  const { fleetFraction: fraction, fleetMin: min } = config.limits;
  const [known, alerting] = await Promise.all([
    store.range(TARGETS_SEEN, now - KNOWN_FOR, Number.MAX_SAFE_INTEGER, FLEET_READ),
    store.range(TARGETS_ALERTING, 0, Number.MAX_SAFE_INTEGER, FLEET_READ),
  ]);
  const seen = new Set(known);
  return { known: known.length, alerting: alerting.filter((target) => seen.has(target)).length, fraction, min };
}

/** How often the alert that started the run has opened or ended within the window. */
export async function readFlapping(turn: Turn, now: Instant): Promise<Exclude<GuardSnapshot["flapping"], Unreadable>> {
  const { changes: limit, per } = turn.deps.config.limits.flapping;
  const { alertId } = turn.run.created;
  const changes =
    alertId === undefined ? 0 : await countChanges(turn.deps.store, alertId, { since: now - per, atMost: limit });
  return { changes, limit, per };
}

async function countChanges(
  store: Store,
  alertId: string,
  { since, atMost }: { since: Instant; atMost: number },
): Promise<number> {
  const dash = alertId.lastIndexOf("-");
  const opening = Number(alertId.slice(dash + 1));
  const first = Math.max(1, opening - atMost);
  const ids = Array.from({ length: opening - first + 1 }, (_, index) => `${alertId.slice(0, dash)}-${first + index}`);
  const found = await store.getMany<AlertRecord>("alert", ids);
  return found.reduce((sum, doc) => sum + (doc ? changesOf(doc.body, since) : 0), 0);
}

function changesOf({ state }: AlertRecord, since: Instant): number {
  const ended = state.status === "resolved" ? (state.endsAt ?? state.lastSeen) : 0;
  return (state.openedAt >= since ? 1 : 0) + (ended >= since ? 1 : 0);
}

/** The marker that a mitigation was undone here a short while ago. */
export function undoneMarker(playbook: string, target: string): string {
  return `undone:${playbook}|${target}`;
}
