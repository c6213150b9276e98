import type { AlertGroup, AlertStatus, SourceName } from "../../../src/core/alert.ts";
import type { Check, Store, Write } from "../../../src/core/store.ts";
import type { RetainedIntake } from "../../../src/store/retained-intake.ts";

/** What the one suite is run on: the memory twin on virtual time, and the adapter on a real Redis. */
export type Subject = {
  store: Store;
  intake: RetainedIntake;
  /** Lets the store's clock go on; real Redis sleeps. */
  advance(ms: number): Promise<void>;
};

/** Called before each test: an empty store. */
export type MakeSubject = () => Promise<Subject>;

/** A commit of these writes without checks. */
export async function write(store: Store, ...writes: Write[]): Promise<void> {
  await store.commit({ checks: [], writes });
}

/** Whether the check holds now; writes nothing. */
export async function holds(store: Store, check: Check): Promise<boolean> {
  return (await store.commit({ checks: [check], writes: [] })).ok;
}

export type Item = {
  fingerprint?: string;
  status?: AlertStatus;
  startsAt?: number;
  endsAt?: number;
  annotations?: Record<string, string>;
};

/** A group of one or more items with their body; the text of the body is its JSON, so that equal items are repeats. */
export function group(
  items: readonly Item[],
  groupKey = "g",
  source: SourceName = "alertmanager",
): readonly [AlertGroup, Buffer] {
  const alerts = items.map((item) => ({
    fingerprint: "f1",
    status: "firing" as const,
    labels: { alertname: "High" },
    annotations: {},
    startsAt: 1_000,
    ...item,
  }));
  const body = Buffer.from(JSON.stringify({ groupKey, alerts }));
  return [{ source, groupKey, truncatedAlerts: 0, alerts }, body];
}

export const F1 = { source: "alertmanager", fingerprint: "f1" } as const;

/** Entries read and acknowledged, so that the next call sees only what came after. */
export async function drain({ store, intake }: Subject): Promise<readonly (readonly string[])[]> {
  const entries = await intake.read({ count: 1_000, block: 0 });
  await write(store, ...entries.map((entry) => ({ write: "ack", entry: entry.id }) as const));
  return entries.map((entry) => entry.changed);
}
