import type { IntakeEntry } from "../../core/intake.ts";

/** Alerts per commit: enough to make round trips cheap, few enough not to block the event loop or Redis. */
export const CHUNK = 100;
/** Entries taken at a time. */
const FEWEST = 8;
const MOST = 64;
/** Text taken at a time, judged by the entries before. */
const BYTES = 1_000_000;

/** Small bodies that arrived together are assessed together, up to `CHUNK` alerts; one that failed before goes alone. */
export function batchesOf(entries: readonly IntakeEntry[]): readonly (readonly IntakeEntry[])[] {
  const batches: IntakeEntry[][] = [];
  let alerts = CHUNK;
  for (const entry of entries) {
    const open = batches.at(-1);
    const isAlone = entry.deliveries > 1;
    if (open === undefined || isAlone || alerts + entry.changed.length > CHUNK) batches.push([entry]);
    else open.push(entry);
    const isNew = batches.at(-1)?.length === 1;
    alerts = isAlone ? CHUNK : entry.changed.length + (isNew ? 0 : alerts);
  }
  return batches;
}

/** How many entries to take next: many small ones, or few large ones. */
export function readSize(last: readonly IntakeEntry[]): number {
  if (last.length === 0) return FEWEST;
  const average = last.reduce((sum, entry) => sum + entry.body.length, 0) / last.length;
  return Math.min(MOST, Math.max(FEWEST, Math.floor(BYTES / Math.max(1, average))));
}
