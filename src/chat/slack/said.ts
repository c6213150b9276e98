import { foreign, type Mrkdwn, mention, when } from "./text.ts";

/** As `isoTime` and `plainTime` write them. */
const TIME = /\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?Z/g;
const SLACK_USER = /^slack:([UW][A-Z0-9]{6,30})\b/;
const MEMBER = /(?:\bslack:|@)([UWS][A-Z0-9]{6,30})\b/g;

/** A sentence of stanch's as people read it: times (UTC) become the reader's own; everything else is escaped. */
export function said(text: string, max: number): Mrkdwn {
  return { mrkdwn: foreign(text, max).mrkdwn.replace(TIME, localTime) };
}

/** Who it was: a Slack user as a mention, since nobody knows ids by heart, anybody else by name. */
export function person(name: string): Mrkdwn {
  const [matched = "", id = ""] = SLACK_USER.exec(name) ?? [];
  const mentioned = mention(id);
  if (!mentioned) return foreign(name, 120);
  const rest = name.slice(matched.length).trim();
  return rest === "" ? mentioned : { mrkdwn: `${mentioned.mrkdwn} ${foreign(rest, 120).mrkdwn}` };
}

/** A sentence about an act, in which the one who acted (`by`) is shown as `person` does; no other id becomes a mention. */
export function saidOf(by: string, text: string, max: number): Mrkdwn {
  const [matched] = SLACK_USER.exec(by) ?? [];
  const sentence = said(text, max);
  return matched === undefined ? sentence : { mrkdwn: sentence.mrkdwn.replaceAll(matched, person(matched).mrkdwn) };
}

/** Why somebody may not, for them alone: every member that the configuration names by id is shown by name. */
export function refusal(text: string, max: number): Mrkdwn {
  return { mrkdwn: said(text, max).mrkdwn.replace(MEMBER, (typed, id: string) => mention(id)?.mrkdwn ?? typed) };
}

function localTime(written: string): string {
  const at = Date.parse(written);
  return Number.isNaN(at) ? written : when(at, "date").mrkdwn;
}
