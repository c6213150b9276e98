import type { TimelineEntry } from "../../core/timeline.ts";
import type { ReportFacts } from "./facts.ts";
import { day, hhmm, text } from "./markdown.ts";

/** Every line of the timeline, `HH:MM` UTC, under its day. */
export function timelineSection({ timeline }: ReportFacts): string {
  const days = Map.groupBy(timeline, (entry) => day(entry.at));
  const parts = [...days].flatMap(([date, entries]) => ["", `### ${date} (UTC)`, "", ...entries.map(line)]);
  return ["## Timeline", ...(parts.length > 0 ? parts : ["", "- none"])].join("\n");
}

function line({ at, kind, text: said, by }: TimelineEntry): string {
  const whose = by === "stanch" || by === "" ? "" : ` _(${text(by, 80)})_`;
  return `- ${hhmm(at)} **${kind}** ${text(said, 1_000)}${whose}`;
}
