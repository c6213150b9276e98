import type { Lease } from "../../../src/core/lease.ts";
import type { RunEvent } from "../../../src/core/run/events.ts";
import { foldRun, type Run } from "../../../src/core/run/run.ts";
import type { TimelineEntry } from "../../../src/core/timeline.ts";
import { connectRedisStore } from "../../../src/store/redis/index.ts";

export type Journals = ReturnType<typeof openJournals>;

/** Reads what the workers left in Redis, without one of them. */
export function openJournals(url: string) {
  const { store, intake, close } = connectRedisStore({ url, durability: { kind: "everysec" } });
  const events = async (id: string) => (await store.loadRun(id)).events as readonly RunEvent[];
  const runs = async (): Promise<readonly Run[]> => {
    const { members } = await store.page("runs", { limit: 500 });
    const all = await Promise.all(members.map(events));
    return all.filter((one) => one.length > 0).map(foldRun);
  };
  return {
    store,
    intake,
    close,
    events,
    runs,
    async leases(): Promise<readonly Lease[]> {
      const { members } = await store.page("leases", { limit: 500 });
      return (await store.getMany<Lease>("lease", members)).flatMap((doc) => (doc ? [doc.body] : []));
    },
    timeline: async (incident = "inc-1") =>
      (await store.list<TimelineEntry>(`timeline:${incident}`)).map((entry) => entry.text),
    /**
     * Nothing is under way: every run has ended, asks people what happened or whether to do it again, and no lease is open. The leases
     * are read last: a run that has ended has made its own by then.
     */
    async settled(): Promise<boolean> {
      const all = await runs();
      if (all.length === 0 || !all.every(isSettled)) return false;
      return (await store.page("leases:active", { limit: 10 })).members.length === 0;
    },
  };
}

function isSettled(run: Run): boolean {
  return run.ended !== undefined || run.unknown !== undefined || (run.asked !== undefined && isAgain(run));
}

/** Once a lease has ended while the alert still fires, the same mitigation asks; without a yes it changes nothing. */
export function isAgain(run: Run): boolean {
  return run.created.rung > 1 && !run.mutated;
}

/** `succeeded`, `failed`, ..., or `unknown_outcome`. */
export function stateOf(run: Run): string {
  return run.ended?.state ?? (run.unknown ? "unknown_outcome" : "under way");
}
