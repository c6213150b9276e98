import type { AlertRecord } from "../../core/episode.ts";
import { isOverdue, type Lease } from "../../core/lease.ts";
import type { IncidentView, RunView } from "../../core/views.ts";
import {
  count,
  doing,
  fixedBy,
  isClosedByHand,
  isNoSuccess,
  isOfRun,
  lampOf,
  lasting,
  MAX_PIECE,
  outage,
} from "../words.ts";
import { type Block, context, fields, fitted, header, LIMITS, section, sizeOf } from "./blocks.ts";
import { controls } from "./incident-controls.ts";
import { whyNot } from "./lines.ts";
import { type Message, messageOf } from "./message.ts";
import { person, said } from "./said.ts";
import { code, foreign, join, type Mrkdwn, mrkdwn, runbookLink, when } from "./text.ts";

const COLORS = { P0: "#d72b3f", P1: "#e8912d", P2: "#ecb22e", mitigated: "#36a2eb", resolved: "#2eb67d" } as const;
const CLOSED = "#8d8d8d";
const MAIN_BUDGET = 9000;
const SHOWN_ALERTS = 5;
const SHOWN_RUNS = 3;
const SHOWN_LEASES = 4;

/** The one message of an incident, as it is now. It depends on the view only, so an equal view renders equal. */
export function incidentMessage(view: IncidentView): Message {
  const { incident } = view;
  const { status, severity } = incident;
  const headline = `${lampOf(view)} ${status === "resolved" ? `${endOf(view)} · ` : ""}${severity} · ${incident.title}`;
  const isPale = status === "resolved" && isNoSuccess(view);
  const color = status === "open" ? COLORS[severity] : isPale ? CLOSED : COLORS[status];
  const text = mrkdwn`${headline}: ${status === "resolved" ? recovery(view) : said(doing(view), MAX_PIECE)} (${incident.id})`;
  const main = fitted([header(headline), section(state(view)), ...controls(view)], MAIN_BUDGET);
  const rest = fitted(details(view), LIMITS.all - sizeOf(main));
  return messageOf(text, main, [{ color, fallback: `${incident.id} ${status}`, blocks: rest }]);
}

function state(view: IncidentView): Mrkdwn {
  const { incident } = view;
  if (incident.status === "resolved") return mrkdwn`*${endOf(view)}* ${recovery(view)}`;
  return join([mrkdwn`*Now:* ${said(doing(view), MAX_PIECE)}`, holder(view), ...view.paused.map(pausedLine)]);
}

function endOf(view: IncidentView): string {
  if (isOfRun(view)) return "Ended";
  return isClosedByHand(view) ? "Closed by hand" : "Recovered";
}

function recovery(view: IncidentView): string {
  const length = outage(view);
  if (isClosedByHand(view)) return `after ${lasting(length ?? 0)}; ${count(view.firing, "alert")} still firing`;
  return `${length === undefined ? "" : `after ${lasting(length)}, `}${fixedBy(view)}`;
}

function holder({ incident, restsUntil }: IncidentView): Mrkdwn {
  if (incident.taken) {
    return mrkdwn`*${person(incident.taken.by)} has taken it over* (${when(incident.taken.at, "date")}); stanch changes nothing here until it is released`;
  }
  if (!incident.acknowledged) return mrkdwn`*Nobody has acknowledged it yet*`;
  const { by, at, until } = incident.acknowledged;
  if (restsUntil !== undefined)
    return mrkdwn`*Acknowledged by ${person(by)}*; it calls nobody else until ${when(restsUntil)}`;
  return mrkdwn`*Nobody holds the calls back any more*: ${person(by)} acknowledged it (${when(at)}), and that ended ${when(until)}`;
}

function pausedLine({ scope, by, reason, until }: IncidentView["paused"][number]): Mrkdwn {
  const end = until === undefined ? mrkdwn`` : mrkdwn` until ${when(until, "date")}`;
  return mrkdwn`⏸ *${scope} is paused* by ${person(by)}${end}${reason === "" ? "" : `: ${reason}`}`;
}

function details(view: IncidentView): (Block | undefined)[] {
  const { incident } = view;
  return [
    fields([
      mrkdwn`*Incident*\n${incident.id} · ${incident.status}`,
      mrkdwn`*${"service" in incident.labels ? "Service" : "Key"}*\n${code(incident.labels["service"] ?? incident.key, 200)}`,
      mrkdwn`*Firing*\n${`${view.firing} of ${count(view.total, "alert")}`}`,
      mrkdwn`*Since*\n${when(Math.min(incident.startedAt, incident.openedAt), "date")}`,
    ]),
    alerts(view),
    runs(view.runs),
    leases(view.leases.filter(isLive)),
    context(mrkdwn`Key ${code(incident.key, 300)} · the thread is the timeline`),
  ];
}

function alerts(view: IncidentView): Block | undefined {
  const firing = view.episodes.filter((episode) => episode.state.status === "firing").sort(worstFirst);
  if (firing.length === 0 || view.incident.status === "resolved") return undefined;
  const more = view.firing - Math.min(firing.length, SHOWN_ALERTS);
  const lines = firing.slice(0, SHOWN_ALERTS).map((episode) => alertLine(episode, view.incident.labels));
  return section(join([mrkdwn`*What fires*`, ...lines, more > 0 ? mrkdwn`… and ${more} more` : undefined]));
}

function worstFirst(a: AlertRecord, b: AlertRecord): number {
  return levelOf(a).localeCompare(levelOf(b)) || a.state.openedAt - b.state.openedAt;
}

function levelOf({ explanation }: AlertRecord): string {
  return explanation === undefined || explanation.level === "none" ? "–" : explanation.level;
}

function alertLine(episode: AlertRecord, common: Readonly<Record<string, string>>): Mrkdwn {
  const { labels, annotations, fingerprint } = episode.alert;
  const own = Object.entries(labels).filter(([name, value]) => !COMMON.has(name) && common[name] !== value);
  const summary = annotations["summary"] ?? annotations["description"] ?? annotations["message"];
  return join(
    [
      mrkdwn`• ${levelOf(episode)} *${foreign(labels["alertname"] ?? fingerprint, 120)}*`,
      ...own.slice(0, 3).map(([name, value]) => code(`${name}=${value}`, 80)),
      summary === undefined ? undefined : mrkdwn`– ${foreign(summary, 250)}`,
    ],
    " ",
  );
}

const COMMON: ReadonlySet<string> = new Set(["alertname", "severity"]);

function runs(all: readonly RunView[]): Block | undefined {
  const recent = [...all].sort((a, b) => b.startedAt.localeCompare(a.startedAt)).slice(0, SHOWN_RUNS);
  if (recent.length === 0) return undefined;
  const lines = recent.map(
    (run) =>
      mrkdwn`• *${foreign(run.playbook, 100)}* on ${code(run.target, 150)}: ${said(run.sentence, MAX_PIECE)} (${run.id}${runbookLink(run.runbook, mrkdwn`, `)})`,
  );
  return section(join([mrkdwn`*Runs*`, ...lines]));
}

function isLive(lease: Lease): boolean {
  return lease.status === "active" || lease.status === "reverting" || lease.status === "failed";
}

function leases(live: readonly Lease[]): Block | undefined {
  if (live.length === 0) return undefined;
  return section(join([mrkdwn`*Temporary*`, ...live.slice(0, SHOWN_LEASES).map(leaseLine)]));
}

function leaseLine(lease: Lease): Mrkdwn {
  if (lease.status === "failed")
    return mrkdwn`• ⚠️ could not be undone${whyNot(lease, 250)}: ${lease.describe} (${lease.id})`;
  if (lease.status === "reverting") return mrkdwn`• being undone now: ${lease.describe} (${lease.id})`;
  if (isOverdue(lease))
    return mrkdwn`• ⚠️ undoing failed${whyNot(lease, 150)}, again ${when(lease.endsAt, "date")}: ${lease.describe} (${lease.id})`;
  return mrkdwn`• until ${when(lease.endsAt, "date")}, then: ${lease.describe} (${lease.id})`;
}
