import { QUEUE_NAMES } from "../core/queue.ts";
import type { Milliseconds } from "../core/time.ts";
import { notify } from "../flow/notify.ts";
import { RETENTION_SWEEP } from "../flow/retention-sweep.ts";
import { advanceNew } from "../flow/run/advance.ts";
import { startSweeper } from "../flow/sweep.ts";
import { startVetoWindows } from "../flow/veto.ts";
import { createWakeHandler } from "../flow/wake.ts";
import type { Parts } from "./wire.ts";

export type Stoppable = { stop(grace: Milliseconds): Promise<void> };

/** Wake-ups handled at a time by one process, per queue. */
const CONCURRENCY = 20;

/** Starts what a worker does: assess accepted bodies, handle wake-ups, sweep what is due. */
export async function startWorkers(
  parts: Parts,
  options: { sweepEvery?: Milliseconds },
): Promise<readonly Stoppable[]> {
  const { engine, queue, jobs, store, desk, chat, metrics, log } = parts;
  const publish = async (id: string, signal: AbortSignal): Promise<void> => {
    await notify({ store, desk, chat, queue, metrics, log }, id, signal);
    await startVetoWindows(store, id);
  };
  await store.commit({ checks: [], writes: [{ write: "due", member: RETENTION_SWEEP, at: 0 }] });
  const wakeDeps = { ...engine.wakeDeps, publish };
  const handler = createWakeHandler(wakeDeps);
  await queue.work(QUEUE_NAMES, CONCURRENCY, handler);
  parts.newRuns.use((run, signal, draining) => advanceNew(wakeDeps, run, signal, draining), CONCURRENCY);
  const assess = engine.assess.start();
  // What one worker finds overdue is for whichever has room; its job has the same name for all of them.
  const sweeper = startSweeper(
    { store, queue: jobs, log },
    options.sweepEvery === undefined ? {} : { every: options.sweepEvery },
  );
  return [assess, parts.newRuns, { stop: () => sweeper.stop() }];
}
