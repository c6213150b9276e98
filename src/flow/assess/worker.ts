import { setImmediate as endOfTurn, setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "../../core/errors.ts";
import type { Intake, IntakeEntry } from "../../core/intake.ts";
import type { Log } from "../../core/log.ts";
import type { Milliseconds } from "../../core/time.ts";
import { batchesOf, readSize } from "./batches.ts";

/** What the loop needs; `assess` throws when one of the entries must be handed out again. */
export type WorkerDeps = {
  intake: Pick<Intake, "read" | "reclaim">;
  log: Pick<Log, "warn" | "error">;
  assess(entries: readonly IntakeEntry[]): Promise<void>;
};

/** A running loop. `stop` takes no further entries and waits for those in flight, at most `grace`. */
export type AssessWorker = { stop(grace: Milliseconds): Promise<void> };

/** Batches in flight. */
const IN_FLIGHT = 8;
/** How long one read waits for an entry. */
const BLOCK: Milliseconds = 1_000;
/** An entry that nobody finished within this time is taken over. */
const IDLE: Milliseconds = 30_000;
const RECLAIM_EVERY: Milliseconds = 10_000;
/** After a failed read, growing to the second number. */
const BACK_OFF: readonly [Milliseconds, Milliseconds] = [100, 5_000];
/** Between attempts while the store is away; together shorter than `IDLE`, so that nobody takes the entries over meanwhile. */
const STORE_AWAY: readonly Milliseconds[] = [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000];

type Loop = {
  deps: WorkerDeps;
  /** Entries that are being assessed. */
  busy: Set<string>;
  flying: Set<Promise<void>>;
  stopping: AbortController;
};

/** Takes entries from the intake until it is stopped; survives an unreachable store. */
export function startWorker(deps: WorkerDeps): AssessWorker {
  const loop: Loop = { deps, busy: new Set(), flying: new Set(), stopping: new AbortController() };
  const running = Promise.all([readOn(loop), reclaimOn(loop)]);
  return {
    async stop(grace) {
      loop.stopping.abort();
      const done = running.then(() => Promise.all(loop.flying));
      const timer = new AbortController();
      await Promise.race([done, sleep(grace, undefined, { signal: timer.signal }).catch(() => undefined)]);
      timer.abort();
    },
  };
}

async function readOn(loop: Loop): Promise<void> {
  const { deps, stopping } = loop;
  let wait = BACK_OFF[0];
  let size = readSize([]);
  while (!stopping.signal.aborted) {
    try {
      const entries = await deps.intake.read({ count: size, block: BLOCK });
      size = readSize(entries);
      await launchAll(loop, entries);
      if (entries.length > 0) await othersFirst();
      wait = BACK_OFF[0];
    } catch (error) {
      deps.log.warn({ err: error }, "reading accepted alerts failed; trying again");
      await pause(wait, stopping.signal);
      wait = Math.min(wait * 2, BACK_OFF[1]);
    }
  }
}

/** What was launched puts its first question to the store before the next read does; a command is sent at the end of its turn. */
async function othersFirst(): Promise<void> {
  await endOfTurn();
  await endOfTurn();
}

async function reclaimOn(loop: Loop): Promise<void> {
  const { deps, stopping } = loop;
  while (!stopping.signal.aborted) {
    try {
      await launchAll(loop, await deps.intake.reclaim(IDLE));
    } catch (error) {
      deps.log.warn({ err: error }, "taking over unfinished alerts failed; trying again");
    }
    await pause(RECLAIM_EVERY, stopping.signal);
  }
}

/** Begins batch after batch as others end. An entry this process is still busy with may be handed out again; it is not begun twice. */
async function launchAll(loop: Loop, entries: readonly IntakeEntry[]): Promise<void> {
  const { busy, flying } = loop;
  for (const batch of batchesOf(entries.filter((entry) => !busy.has(entry.id)))) {
    while (flying.size >= IN_FLIGHT) await Promise.race(flying);
    launch(loop, batch);
  }
}

function launch(loop: Loop, batch: readonly IntakeEntry[]): void {
  const { busy, flying } = loop;
  for (const entry of batch) busy.add(entry.id);
  const work = persist(loop, batch).finally(() => {
    for (const entry of batch) busy.delete(entry.id);
    flying.delete(work);
  });
  flying.add(work);
}

/** Tries a batch, and when it fails each of its entries by itself: one that cannot be assessed must not hold up the others. */
async function persist(loop: Loop, batch: readonly IntakeEntry[]): Promise<void> {
  try {
    await throughOutages(loop, batch);
  } catch (error) {
    const [entry, ...others] = batch;
    if (others.length > 0) for (const one of batch) await persist(loop, [one]);
    else if (entry) report(loop, entry, error);
  }
}

function report({ deps }: Loop, { id, deliveries }: IntakeEntry, error: unknown): void {
  deps.log.error({ err: error, entry: id, deliveries }, "assessing an entry failed; it is handed out again");
}

/** What failed only because the store was away is tried again here: the outage is not the entry's fault. */
async function throughOutages({ deps, stopping }: Loop, batch: readonly IntakeEntry[]): Promise<void> {
  for (const wait of STORE_AWAY) {
    try {
      return await deps.assess(batch);
    } catch (error) {
      if (codeOf(error) !== "unavailable" || stopping.signal.aborted) throw error;
      await pause(wait, stopping.signal);
    }
  }
  return deps.assess(batch);
}

async function pause(time: Milliseconds, signal: AbortSignal): Promise<void> {
  await sleep(time, undefined, { signal }).catch(() => undefined);
}
