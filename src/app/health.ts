import type { Fault } from "../core/errors.ts";
import { messageOf } from "../core/errors.ts";
import { QUEUE_NAMES, type Queue } from "../core/queue.ts";
import type { Store } from "../core/store.ts";
import type { Milliseconds } from "../core/time.ts";

type Check = { ok: boolean; detail?: string };
type Unusable = { playbook: string; reason: string };
export type Readiness = {
  ready: boolean;
  checks: Readonly<Record<string, Check>>;
  playbookFaults: readonly Fault[];
  /** Loaded, but this configuration lacks something that they need; they never start. */
  unusablePlaybooks: readonly Unusable[];
};

export type HealthDeps = {
  store: Pick<Store, "commit">;
  queue: Queue;
  /** This process takes wake-ups itself; a web process only needs the store. */
  worker: boolean;
  /** With `durability: wait:N`: how many replicas must confirm a write, and how many can now. */
  replicas?: { needed: number; following(): Promise<number> };
  playbookFaults(): readonly Fault[];
  unusablePlaybooks(): readonly Unusable[];
  clock(): Milliseconds;
};

const CANARY_WITHIN: Milliseconds = 2_000;
/** How long the mark of a probe stays in Redis. */
const WRITTEN_FOR: Milliseconds = 60_000;
/** Probes come often; the answer is kept this long. */
const KEPT: Milliseconds = 2_000;

/** Readiness by use: Redis takes a write, and a canary job comes through each queue (a worker can be wedged while PING works). */
export function createHealth(deps: HealthDeps): { ready(): Promise<Readiness> } {
  let last: { at: Milliseconds; answer: Promise<Readiness> } | undefined;
  return {
    ready() {
      const now = deps.clock();
      if (last === undefined || now - last.at > KEPT) last = { at: now, answer: look(deps) };
      return last.answer;
    },
  };
}

async function look(deps: HealthDeps): Promise<Readiness> {
  const names = deps.worker ? QUEUE_NAMES : [];
  const { replicas } = deps;
  const looks: readonly (readonly [string, Promise<Check>])[] = [
    ["redis", redisCheck(deps)],
    ...(replicas === undefined ? [] : [["replicas", replicasCheck(replicas)] as const]),
    ...names.map((name) => [`queue ${name}`, canaryCheck(deps.queue, name)] as const),
  ];
  const checks = Object.fromEntries(
    await Promise.all(looks.map(async ([name, check]) => [name, await check] as const)),
  );
  return {
    ready: Object.values(checks).every((check) => check.ok),
    checks,
    playbookFaults: deps.playbookFaults(),
    unusablePlaybooks: deps.unusablePlaybooks(),
  };
}

/** One that is full, or a replica after a failover, answers PING and refuses every alert. */
async function redisCheck(deps: HealthDeps): Promise<Check> {
  try {
    await deps.store.commit({ checks: [], writes: [{ write: "mark", marker: "ready", for: WRITTEN_FOR }] });
    return { ok: true };
  } catch (error) {
    return { ok: false, detail: messageOf(error) };
  }
}

async function replicasCheck({ needed, following }: NonNullable<HealthDeps["replicas"]>): Promise<Check> {
  try {
    const found = await following();
    if (found >= needed) return { ok: true };
    const detail = `${found} of ${needed} replicas follow Redis; until they do, webhooks are answered 503 and no step is begun; check replication, or lower durability`;
    return { ok: false, detail };
  } catch (error) {
    return { ok: false, detail: messageOf(error) };
  }
}

async function canaryCheck(queue: Queue, name: (typeof QUEUE_NAMES)[number]): Promise<Check> {
  const through = await queue.canary(name, CANARY_WITHIN).catch(() => false);
  return through ? { ok: true } : { ok: false, detail: `no canary job came through within ${CANARY_WITHIN / 1000} s` };
}
