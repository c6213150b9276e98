import { waitFor } from "../../../scripts/lib/processes.ts";
import type { TestRedis } from "../../support/redis.ts";
import { effectsOf, watchRedis } from "./effects.ts";
import type { Faults } from "./faults.ts";
import { type House, openHouse, settingsRedis } from "./house.ts";
import { type Journals, openJournals, stateOf } from "./journals.ts";
import { startWorker, type Worker } from "./workers.ts";

/** One trial's world: systems, journals, and the workers started in it. */
export type Stage = {
  house: House;
  journals: Journals;
  workers: readonly Worker[];
  start(faults?: Faults): Promise<Worker>;
  /** What has reached the systems so far. */
  effects(): readonly string[];
  /** Waits; what does not come about is told with all that the runs and workers say. */
  until(what: string, look: () => boolean | Promise<boolean>, within?: number): Promise<void>;
  settled(): Promise<void>;
};

const WITHIN = 300_000;
let databases = 0;

/** The address of a database of this server that nothing has used; the one after it is free too. */
function freshDatabase({ port }: Pick<TestRedis, "port">): string {
  databases += 2;
  return `redis://127.0.0.1:${port}/${databases}`;
}

/** Plays on a stage of its own and clears it away, workers first, whatever happens. */
export async function onStage<T>(redis: TestRedis, playbook: string, act: (stage: Stage) => Promise<T>): Promise<T> {
  const house = await openHouse(freshDatabase(redis), playbook);
  const watched = await watchRedis(settingsRedis(house));
  const journals = openJournals(house.redis);
  const workers: Worker[] = [];
  const until: Stage["until"] = (what, look, within = WITHIN) =>
    waitFor(what, look, { within, every: 50 }).then(
      () => undefined,
      async (cause: unknown) => {
        throw new Error(`${what}:\n${await story(journals, workers)}`, { cause });
      },
    );
  try {
    return await act({
      house,
      journals,
      workers,
      until,
      async start(faults) {
        const worker = await startWorker(house, faults);
        workers.push(worker);
        return worker;
      },
      effects: () => [...effectsOf(house), ...watched.effects],
      settled: () => until("everything to settle", journals.settled),
    });
  } finally {
    await Promise.all(workers.map((worker) => worker.process.stop("SIGKILL")));
    await Promise.all([watched.close(), journals.close(), house.close()]);
  }
}

async function story(journals: Journals, workers: readonly Worker[]): Promise<string> {
  const [runs, said] = await Promise.all([journals.runs(), journals.timeline()]).catch(() => [[], []]);
  const words = runs.map((run) => `${run.created.id} ${stateOf(run)}`);
  return [...words, ...said, ...workers.map((worker) => worker.process.output())].join("\n");
}
