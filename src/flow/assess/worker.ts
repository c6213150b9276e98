import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "../../core/errors.ts";
import type { Intake, IntakeEntry } from "../../core/intake.ts";
import type { Log } from "../../core/log.ts";
import type { Milliseconds } from "../../core/time.ts";

/** What the loop needs; `assess` throws when the entry must be handed out again. */
export type WorkerDeps = {
  intake: Pick<Intake, "read" | "reclaim">;
  log: Pick<Log, "warn" | "error">;
  assess(entry: IntakeEntry): Promise<void>;
};

/** A running loop. `stop` takes no further entries and waits for those in flight, at most `grace`. */
export type AssessWorker = { stop(grace: Milliseconds): Promise<void> };

/** Groups in flight. */
const IN_FLIGHT = 8;
/** How long one read waits for an entry. */
const BLOCK: Milliseconds = 1_000;
/** An entry that nobody finished within this time is taken over. */
const IDLE: Milliseconds = 30_000;
const RECLAIM_EVERY: Milliseconds = 10_000;
/** After a failed read, growing to the second number. */
const BACK_OFF: readonly [Milliseconds, Milliseconds] = [100, 5_000];

/** Between attempts at one entry while the store is away; together shorter than `IDLE`, so that nobody takes it over meanwhile. */
const STORE_AWAY: readonly Milliseconds[] = [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000];

type Loop = { deps: WorkerDeps; flying: Map<string, Promise<void>>; stopping: AbortController };

/** Takes entries from the intake until it is stopped; survives an unreachable store. */
export function startWorker(deps: WorkerDeps): AssessWorker {
  const loop: Loop = { deps, flying: new Map(), stopping: new AbortController() };
  const running = Promise.all([readOn(loop), reclaimOn(loop)]);
  return {
    async stop(grace) {
      loop.stopping.abort();
      const done = running.then(() => Promise.all(loop.flying.values()));
      const timer = new AbortController();
      await Promise.race([done, sleep(grace, undefined, { signal: timer.signal }).catch(() => undefined)]);
      timer.abort();
    },
  };
}

async function readOn(loop: Loop): Promise<void> {
  const { deps, flying, stopping } = loop;
  let wait = BACK_OFF[0];
  while (!stopping.signal.aborted) {
    try {
      for (const entry of await deps.intake.read({ count: Math.max(1, IN_FLIGHT - flying.size), block: BLOCK }))
        launch(loop, entry);
      wait = BACK_OFF[0];
    } catch (error) {
      deps.log.warn({ err: error }, "reading accepted alerts failed; trying again");
      await pause(wait, stopping.signal);
      wait = Math.min(wait * 2, BACK_OFF[1]);
    }
    if (flying.size >= IN_FLIGHT) await Promise.race(flying.values());
  }
}

async function reclaimOn(loop: Loop): Promise<void> {
  const { deps, stopping } = loop;
  while (!stopping.signal.aborted) {
    try {
      for (const entry of await deps.intake.reclaim(IDLE)) await launch(loop, entry);
    } catch (error) {
      deps.log.warn({ err: error }, "taking over unfinished alerts failed; trying again");
    }
    await pause(RECLAIM_EVERY, stopping.signal);
  }
}

/** An entry that this process is still busy with may be handed out again; it is not begun twice. */
function launch(loop: Loop, entry: IntakeEntry): Promise<void> {
  const { deps, flying } = loop;
  const present = flying.get(entry.id);
  if (present) return present;
  const work = persist(loop, entry).catch((error: unknown) => {
    deps.log.error(
      { err: error, entry: entry.id, deliveries: entry.deliveries },
      "assessing an entry failed; it is handed out again",
    );
  });
  const tracked = work.finally(() => flying.delete(entry.id));
  flying.set(entry.id, tracked);
  return tracked;
}

/** An entry that failed only because the store was away is tried again here: the outage is not the entry's fault. */
async function persist({ deps, stopping }: Loop, entry: IntakeEntry): Promise<void> {
  for (const wait of STORE_AWAY) {
    try {
      return await deps.assess(entry);
    } catch (error) {
      if (codeOf(error) !== "unavailable" || stopping.signal.aborted) throw error;
      await pause(wait, stopping.signal);
    }
  }
  return deps.assess(entry);
}

async function pause(time: Milliseconds, signal: AbortSignal): Promise<void> {
  await sleep(time, undefined, { signal }).catch(() => undefined);
}
