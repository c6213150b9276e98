import { Redis } from "ioredis";
import { drain } from "../harness/drain.ts";

/*
 * The least that an engine of this design can do: a BullMQ job for each run of five steps, its claim taken once, and for each step one
 * script, written by hand for just that, which checks the claim and appends to journal and timeline. Nothing is judged, locked or
 * indexed, and no action called. What it reaches is a bound for stanch's engine, which has all that besides.
 */
const STEPS = 5;
const SCRIPT = `
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
  redis.call('RPUSH', KEYS[2], ARGV[2])
  redis.call('RPUSH', KEYS[3], ARGV[3])
  return 1`;

const connection = new Redis(process.env["REDIS_URL"] ?? "", { maxRetriesPerRequest: null });
const store = connection.duplicate();
const sha = String(await store.script("LOAD", SCRIPT));

/** The outcome of one step with the intent of the next, in about the size of stanch's journal. */
function entry(run: string, step: number): string {
  const outcome = { type: "finished", at: Date.now(), step: `step-${step - 1}`, output: {}, changed: true };
  const intent = { type: "intent", at: Date.now(), step: `step-${step}`, attempt: 1, with: { target: `bench:${run}` } };
  return JSON.stringify([outcome, intent]);
}

async function run(id: string): Promise<void> {
  const claim = `bare:${id}`;
  const epoch = await store.incr(claim);
  // The first intent, and an outcome for each step.
  for (let step = 0; step <= STEPS; step++) {
    const line = JSON.stringify([Date.now(), "run", `step ${step} of run ${id} done; the next begins`, id]);
    const kept = await store.evalsha(sha, 3, claim, `journal:${id}`, `timeline:${id}`, epoch, entry(id, step), line);
    if (kept !== 1) throw new Error(`the claim of run ${id} was lost`);
  }
}

process.on("message", ({ runs, concurrency }: { runs: number; concurrency: number }) => {
  const drained = drain(connection, { jobs: runs, concurrency }, ({ data }) => run(`${data.index}`));
  void drained.then((result) => process.send?.(result));
});
process.send?.({ port: 0 });
