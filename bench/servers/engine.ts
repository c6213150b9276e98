import { setTimeout as sleep } from "node:timers/promises";
import type { AnyAction } from "../../src/core/action.ts";
import type { Config } from "../../src/core/config.ts";
import type { Incident } from "../../src/core/incident.ts";
import { silentLog } from "../../src/core/log.ts";
import { type Metrics, noMetrics } from "../../src/core/metrics.ts";
import type { Playbook } from "../../src/core/playbook/playbook.ts";
import type { Queue } from "../../src/core/queue.ts";
import { gatherChat } from "../../src/flow/gather-chat.ts";
import { advance } from "../../src/flow/run/advance.ts";
import { planRun } from "../../src/flow/run/create-run.ts";
import type { RunDeps } from "../../src/flow/run/deps.ts";
import { createBullmqQueue } from "../../src/queue/bullmq.ts";
import { localFirst } from "../../src/queue/local-first.ts";
import { connectRedisStore } from "../../src/store/redis/index.ts";
import { ALERT, CONFIG, constant, playbook, scripted, step } from "../../test/support/engine.ts";

/*
 * The engine alone: runs of five steps that do nothing, made due beforehand, then advanced by the real queue on the real
 * store. Guards read their inputs as in production; only the systems behind the actions are left out, and what follows for incidents
 * and chats.
 */
export type EngineOrder = { runs: number; concurrency: number; effect: "read" | "reversible"; seal?: boolean };

const STEPS = ["one", "two", "three", "four", "five"];
const url = process.env["REDIS_URL"] ?? "";
const { store } = connectRedisStore({ url, durability: { kind: "everysec" } });
const config: Config = {
  ...CONFIG,
  limits: {
    ...CONFIG.limits,
    budget: [{ runs: 1_000_000, per: 3_600_000 }],
    targetBudget: [],
    maxConcurrentRuns: 1_000_000,
    fleetFraction: 1,
  },
};
let serial = 0;

async function measure({ runs, concurrency, effect, seal }: EngineOrder): Promise<{ seconds: number }> {
  const queue = gatherChat(localFirst(createBullmqQueue({ url })));
  while (!(await isUp(queue))) await sleep(5);
  const progress = counting(runs);
  const books = new Map<string, Playbook>();
  const deps = runDeps({ queue, books, effect, metrics: progress.metrics });
  const created: string[] = [];
  for (let index = 0; index < runs; index++) created.push(await createRun(queue, books));
  const started = performance.now();
  await queue.work(["run", "notify"], concurrency, async (member, signal, draining) => {
    if (member.startsWith("run:")) await advance(deps, member.slice("run:".length), signal, draining);
  });
  await progress.finished;
  const seconds = (performance.now() - started) / 1_000;
  await queue.stop(1_000);
  if (seal) for (const id of created) await advance(deps, id, new AbortController().signal);
  return { seconds };
}

async function isUp(queue: Queue): Promise<boolean> {
  return queue.depth("run").then(
    () => true,
    () => false,
  );
}

/** Resolves when so many runs have succeeded; any other end is a mistake of the benchmark. */
function counting(runs: number): { metrics: Metrics; finished: Promise<void> } {
  const { promise: finished, resolve, reject } = Promise.withResolvers<void>();
  let succeeded = 0;
  const run: Metrics["run"] = (name, state) => {
    if (state === "succeeded" && ++succeeded === runs) resolve();
    if (state === "failed" || state === "cancelled" || state === "awaiting_approval")
      reject(new Error(`a run of ${name} is ${state}`));
  };
  return { metrics: { ...noMetrics, run }, finished };
}

type Made = { queue: Queue; books: Map<string, Playbook>; effect: EngineOrder["effect"]; metrics: Metrics };

function runDeps({ queue, books, effect, metrics }: Made): RunDeps {
  const actions = new Map<string, AnyAction>();
  const targets: AnyAction["targets"] = ({ target }) => (effect === "read" ? [] : [String(target)]);
  scripted(actions, "bench.step", { effect, targets });
  return {
    store,
    queue,
    actions,
    metrics,
    config,
    connections: {
      find() {
        throw new Error("the benchmark has no connections");
      },
    },
    playbookOf: async ({ created }) => books.get(created.playbook) ?? playbook(created.playbook, []),
    measure: async () => ({}),
    ladders: async () => new Map(),
    log: silentLog,
    monotonic: () => performance.now(),
    claimFor: 60_000,
  };
}

async function createRun(queue: Queue, books: Map<string, Playbook>): Promise<string> {
  const target = `bench:${serial++}`;
  const steps = STEPS.map((id) => step(id, "bench.step", { with: constant({ target }) }));
  const made = playbook(`p${serial}`, steps, { target: constant(target), text: "" });
  books.set(made.name, made);
  const now = await store.now();
  const incident = incidentOf(`inc-bench-${serial}`, now);
  const alert = { ...ALERT, incidentId: incident.id };
  const request = { incident, playbook: made, alert, alerts: [alert], severity: incident.severity, facts: {}, rung: 0 };
  const plan = planRun(
    { ...request, trigger: "firing", by: "stanch", now },
    { ceiling: "auto", demoted: new Set<string>() },
    {},
  );
  if (!plan.ok) throw new Error(plan.reason);
  await store.commit({
    checks: plan.checks,
    writes: [
      { write: "put", kind: "incident", id: incident.id, body: { ...incident, runs: [plan.id] } },
      { write: "put", kind: "alert", id: alert.id, body: alert },
      { write: "add", set: `incident:${incident.id}:firing`, members: [alert.id] },
      ...plan.writes,
    ],
  });
  await queue.wake(plan.wake, now);
  return plan.id;
}

function incidentOf(id: string, now: number): Incident {
  const labels = { service: id };
  const times = { opening: 1, openedAt: now, startedAt: now };
  return { id, key: id, labels, title: id, severity: "P0", status: "open", ...times, runs: [], leases: [] };
}

process.on("message", (order: EngineOrder) => {
  void measure(order).then((result) => process.send?.(result));
});
process.send?.({ port: 0 });
