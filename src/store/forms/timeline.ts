import type { TimelineEntry } from "../../core/timeline.ts";

/** A line of a timeline as it is stored: when, kind, text, its run if it has one, and who did it if that was not stanch. */
type StoredLine = readonly [number, TimelineEntry["kind"], string, string?, string?];

const STANCH = "stanch";

/** The short form; a line with more to it than that is its JSON. */
export function writeLine(item: object): string {
  const { at, kind, text, by, runId, ...more } = item as TimelineEntry;
  const isPlain = typeof by !== "string" || runId === "" || Object.keys(more).length > 0;
  if (isPlain) return JSON.stringify(item);
  if (by !== STANCH) return JSON.stringify([at, kind, text, runId ?? "", by]);
  return JSON.stringify(runId === undefined ? [at, kind, text] : [at, kind, text, runId]);
}

/** The inverse; older versions stored every line as its JSON. */
export function readLine(json: string): TimelineEntry {
  const stored: TimelineEntry | StoredLine = JSON.parse(json);
  if (!isShort(stored)) return stored;
  const [at, kind, text, runId = "", by = STANCH] = stored;
  return runId === "" ? { at, kind, text, by } : { at, kind, text, by, runId };
}

function isShort(stored: TimelineEntry | StoredLine): stored is StoredLine {
  return Array.isArray(stored);
}
