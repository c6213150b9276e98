import type { Run } from "../../core/run/run.ts";
import type { Check } from "../../core/store.ts";
import type { Instant } from "../../core/time.ts";
import { type Extra, nowOf, save, type Turn } from "./turn.ts";

/** What became of one move: go on in memory, load anew because something else changed, or let the run go. */
export type Progress = { kind: "go-on"; turn: Turn } | { kind: "reload" } | { kind: "stop" };

/** At once where nothing has to be waited for: a step has a dozen stages, and each promise between them costs as much as its work. */
export type Soon<T> = T | Promise<T>;

/**
 * Stores what is unsaved, ends the claim and makes the next wake-up due; `undefined`: only a decision wakes it. A run that is due at once
 * finds in its inbox then what has come meanwhile.
 */
export async function letGo(turn: Turn, until: Instant | undefined, extra: Extra = {}): Promise<Progress> {
  const { run, claim, deps } = turn;
  const member = `run:${run.created.id}`;
  const isDue = until !== undefined && until <= nowOf(turn);
  const { committed } = await save(turn, {
    checks: [...(run.ended || isDue ? [] : [inboxRead(run)]), ...(extra.checks ?? [])],
    writes: [
      ...(extra.writes ?? []),
      run.ended
        ? { write: "expire", what: "claim", name: run.created.id, at: claim.now }
        : { write: "release", run: run.created.id, epoch: claim.epoch },
      until === undefined ? { write: "undue", member } : { write: "due", member, at: until },
    ],
  });
  if (!committed.ok) return afterRefusal(committed.failed);
  for (const waiter of committed.woken ?? []) void deps.queue.wake(waiter, committed.now);
  if (until !== undefined && !run.ended) void deps.queue.wake(member, until, Math.max(0, until - committed.now));
  return { kind: "stop" };
}

/** A decision that came meanwhile is looked at first: before the run is let go, or takes back what it has asked. */
export function inboxRead(run: Run): Check {
  return { check: "length", list: `inbox:${run.created.id}`, is: run.inboxTaken };
}

/** Stores and goes on; a refused commit means the run was changed meanwhile, or taken over. */
export async function goOn(turn: Turn, extra: Extra = {}): Promise<Progress> {
  const saved = await save(turn, extra);
  return saved.committed.ok ? { kind: "go-on", turn: saved.turn } : afterRefusal(saved.committed.failed);
}

/** A lost claim ends the turn: whoever has it now goes on. Anything else is loaded anew. */
export function afterRefusal(failed: { check: string }): Progress {
  return failed.check === "claim" ? { kind: "stop" } : { kind: "reload" };
}
