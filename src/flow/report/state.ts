import type { Config } from "../../core/config.ts";
import type { Files } from "../../core/files.ts";
import type { Log } from "../../core/log.ts";
import type { Store, Write } from "../../core/store.ts";
import type { Instant } from "../../core/time.ts";
import type { TimelineEntry } from "../../core/timeline.ts";

/** What writing reports needs from outside. */
export type ReportDeps = {
  store: Store;
  config: Pick<Config, "reports">;
  /** Absent: this process writes no files. */
  files?: Files;
  log: Log;
  monotonic(): number;
};

/** What of an incident stands in files (document kind `report`, id = incident). */
export type ReportState = {
  /** Key of each thing written → when. */
  done: Readonly<Record<string, Instant>>;
  /** Somebody writes now; others wait until then. */
  writing?: { until: Instant };
  /** Why the last attempt failed, so that people read it once. */
  failed?: { why: string; retryAt: Instant };
  postMortem?: PostMortem;
};

/** `reminded` counts the reminders that were due by now. */
export type PostMortem = { opening: number; resolvedAt: Instant; dueAt: Instant; reminded: number; report: string };

/** Lines of kind `report`, with the wake-up that shows them. */
export function reportLines(incident: string, texts: readonly string[], at: Instant): readonly Write[] {
  if (texts.length === 0) return [];
  const items = texts.map((text): TimelineEntry => ({ at, kind: "report", text, by: "stanch" }));
  return [
    { write: "append", list: `timeline:${incident}`, items },
    { write: "due", member: `chat:${incident}`, at: 0 },
  ];
}
