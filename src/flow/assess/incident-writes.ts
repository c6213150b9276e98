import { isDeepStrictEqual } from "node:util";
import type { Config } from "../../core/config.ts";
import type { Incident } from "../../core/incident.ts";
import type { Check, Write } from "../../core/store.ts";
import type { Instant, Milliseconds } from "../../core/time.ts";
import type { TimelineEntry } from "../../core/timeline.ts";
import { endedOpening } from "../ended-openings.ts";
import { CURRENT, NOTHING, type Part, type Wake } from "./deps.ts";
import type { IncidentChange } from "./incident-change.ts";
import type { IncidentCase } from "./sort.ts";

/** While alerts come all the time, whether one of them brings a playbook to a ladder that has ended is looked at this often. */
const JOINING: Milliseconds = 15_000;

/** An incident as it will be stored, with everything that is stored beside it. */
export type Stored = {
  one: IncidentCase;
  change: IncidentChange;
  incident: Incident;
  lines: readonly TimelineEntry[];
  now: Instant;
  /** The incident that the key points to in the store. */
  pointer: string | undefined;
  /** A re-assessment plans the next one itself. */
  again: boolean;
};

/** Document, sets, indexes, pointer, timeline and wake-ups of one incident; nothing when nothing of it has changed. */
export function incidentWrites({ incidents, reports }: Pick<Config, "incidents" | "reports">, stored: Stored): Part {
  const dueAt = stored.again ? undefined : wantedAt(incidents, stored);
  if (stored.lines.length === 0 && dueAt === undefined && isSame(stored)) return NOTHING;
  const { id } = stored.incident;
  const isPlanned = dueAt !== undefined && stored.incident.status !== "resolved";
  const body = isPlanned ? { ...stored.incident, reassessAt: dueAt } : stored.incident;
  return {
    checks: checksOf(stored),
    writes: [
      { write: "put", kind: "incident", id, body },
      ...setWrites(stored),
      ...statusWrites(stored),
      ...pointerWrites(stored),
      ...lineWrites(stored),
      ...(reports ? endedWrites(stored) : []),
      ...outlived(stored).map((member) => ({ write: "due", member, at: stored.now }) as const),
      ...(dueAt === undefined ? [] : [{ write: "due", member: `incident:${id}`, at: dueAt } as const]),
    ],
    wakes: wakesOf(stored, dueAt),
  };
}

function isSame({ one, change, incident }: Stored): boolean {
  if (change.turn !== undefined || one.joining.length > 0 || one.closing.length > 0) return false;
  return isDeepStrictEqual(change.before, incident);
}

function checksOf({ one, change, incident, pointer }: Stored): readonly Check[] {
  const rev: Check = { check: "rev", kind: "incident", id: incident.id, rev: one.known?.rev ?? 0 };
  if (change.turn !== "opened" && change.turn !== "reopened") return [rev];
  return [rev, { check: "field", hash: CURRENT, field: incident.key, is: pointer ?? null }];
}

function pointerWrites({ change, incident }: Stored): readonly Write[] {
  if (change.turn !== "opened" && change.turn !== "reopened") return [];
  return [{ write: "field", hash: CURRENT, field: incident.key, value: incident.id }];
}

function setWrites({ one, incident }: Stored): readonly Write[] {
  const joined = one.joining.map((joining) => joining.seen.id);
  const closed = one.closing.map((closing) => closing.doc.body.id);
  const writes: Write[] = [];
  if (joined.length > 0) {
    writes.push({ write: "add", set: `incident:${incident.id}:episodes`, members: joined });
    writes.push({ write: "add", set: `incident:${incident.id}:firing`, members: joined });
  }
  if (closed.length > 0) writes.push({ write: "remove", set: `incident:${incident.id}:firing`, members: closed });
  return writes;
}

/** The opening that has ended may not have been looked after yet. */
function endedWrites({ change, now }: Stored): readonly Write[] {
  return change.turn === "reopened" && change.before ? [endedOpening(change.before, now)] : [];
}

/** Both indexes list by opening time, the resolved ones by their end. */
export function statusWrites({ change, incident }: Pick<Stored, "change" | "incident">): readonly Write[] {
  const { id, status, openedAt } = incident;
  const before = change.before?.status;
  if (before === status) return [];
  const writes: Write[] = [
    { write: "index", index: `incidents:${status}`, member: id, score: incident.resolvedAt ?? openedAt },
  ];
  if (before === undefined) writes.push({ write: "index", index: "incidents", member: id, score: openedAt });
  else writes.push({ write: "unindex", index: `incidents:${before}`, member: id });
  return writes;
}

/** Between the timeline's milestones the numbers that people see are brought up to date by the next look. */
function lineWrites({ incident, lines, now }: Stored): readonly Write[] {
  if (lines.length === 0) return [];
  return [
    { write: "append", list: `timeline:${incident.id}`, items: lines },
    { write: "due", member: `chat:${incident.id}`, at: now },
  ];
}

/** Where the incident goes on without some of its alerts: the runs of its ladders, one of which may wait for people because of these. */
function outlived({ one, change, incident }: Stored): readonly string[] {
  if (one.closing.length === 0 || change.turn !== undefined || incident.status === "resolved") return [];
  return Object.values(incident.ladders ?? {}).map((run) => `run:${run}`);
}

/** What is due now, and the end of a `for`; the look of every minute is the sweeper's. */
function wakesOf(stored: Stored, dueAt: Instant | undefined): readonly Wake[] {
  const { incident, lines, now } = stored;
  const wakes: Wake[] = outlived(stored).map((member) => ({ member, at: now }));
  if (lines.length > 0) wakes.push({ member: `chat:${incident.id}`, at: now });
  const look = dueAt === undefined ? undefined : { member: `incident:${incident.id}`, at: dueAt };
  if (look && look.at <= now) wakes.push(look);
  else if (look && forsOf(stored).includes(look.at)) wakes.push({ ...look, delay: look.at - now });
  return wakes;
}

/** When rules that hold already will have held for their `for`. */
function forsOf({ one, now }: Pick<Stored, "one" | "now">): readonly Instant[] {
  const dues = [...one.joining, ...one.keeping].flatMap(({ classified }) => classified.dueAt ?? []);
  return dues.filter((at) => at > now);
}

/** When the incident must be looked at next, if that is earlier than what is planned. */
function wantedAt(settings: Config["incidents"], stored: Stored): Instant | undefined {
  const { one, change, incident, now } = stored;
  if (change.turn === "resolved") return now + settings.reopenWithin + 1;
  if (incident.status === "resolved") return undefined;
  if (change.raisedFrom !== undefined) return now;
  // No playbook runs for it: the look that calls people should not wait for the next round.
  if (change.turn !== undefined && incident.runs.length === 0) return now;
  if (change.before?.status === "mitigated" && one.joining.length > 0) return now;
  const wanted = Math.min(now + settings.reassessEvery, ...forsOf(stored), ...joinedLook(stored));
  const planned = change.before?.reassessAt;
  const isGood = change.turn === undefined && planned !== undefined && planned <= wanted;
  return isGood ? undefined : wanted;
}

/** An alert that joins may bring a playbook to a target whose ladder has ended; a ladder that goes on looks by itself. */
function joinedLook({ one, change: { before, turn }, now }: Stored): readonly Instant[] {
  if (before === undefined || turn !== undefined || one.joining.length === 0 || before.runs.length === 0) return [];
  const last = Math.max(before.openedAt, before.reopenedAt ?? 0, before.joinedAt ?? 0);
  return [now - last < JOINING ? now + JOINING : now];
}
