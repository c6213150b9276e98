import type { TimelineEntry } from "../../core/timeline.ts";
import type { IncidentView } from "../../core/views.ts";
import { iconOf } from "../words.ts";
import { section } from "./blocks.ts";
import { type Message, messageOf } from "./message.ts";
import { person, said, saidOf } from "./said.ts";
import { foreign, join, type Mrkdwn, mrkdwn, runbookLink, when } from "./text.ts";

const MAX_LINES = 20;
const MAX_CHARACTERS = 2900;
const MAX_ENTRY = 1000;

/**
 * The next message of the timeline and how many entries it deals with: as many whole lines as have room. What people wrote in
 * the thread stands there already and is passed over; without a message there is nothing else.
 */
export function timelineMessage(entries: readonly TimelineEntry[]): { message?: Message; taken: number } {
  const lines: Mrkdwn[] = [];
  let [size, taken] = [0, 0];
  for (const entry of entries) {
    if (entry.origin !== "thread") {
      const line = lineOf(entry);
      if (lines.length === MAX_LINES || (lines.length > 0 && size + line.mrkdwn.length > MAX_CHARACTERS)) break;
      lines.push(line);
      size += line.mrkdwn.length + 1;
    }
    taken += 1;
  }
  const text = join(lines);
  return lines.length === 0 ? { taken } : { message: messageOf(text, [section(text)]), taken };
}

function lineOf({ at, kind, text, by }: TimelineEntry): Mrkdwn {
  const isSaid = by === "stanch" || by === "" || text.includes(by);
  const whose = isSaid ? mrkdwn`` : mrkdwn` _(${person(by)})_`;
  return mrkdwn`${iconOf(kind)} ${when(at)} ${saidOf(by, text, MAX_ENTRY)}${whose}`;
}

/** An escalation, announced in the channel with whom it calls. */
export function escalationMessage(
  view: IncidentView,
  entry: TimelineEntry,
  about: { mentions: readonly Mrkdwn[]; incidentLink?: Mrkdwn },
): Message {
  const calls = about.mentions.length === 0 ? undefined : join(about.mentions, " ");
  const { id, severity, title } = view.incident;
  const runbook = runbookLink(view.runs.findLast((run) => run.runbook !== undefined)?.runbook, mrkdwn` · 📖 `);
  const line = mrkdwn`📣 *${severity} · ${foreign(title, 200)}* (${about.incidentLink ?? foreign(id)}): ${said(entry.text, 600)}${runbook}`;
  const text = join([calls, line], " ");
  return messageOf(text, [section(text)]);
}
