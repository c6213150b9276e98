import type { AlertRecord } from "../../core/episode.ts";
import type { Incident } from "../../core/incident.ts";
import type { Doc, Write } from "../../core/store.ts";
import type { Instant } from "../../core/time.ts";
import { CHUNK } from "./batches.ts";
import { type AssessDeps, CURRENT, joinParts, type Part } from "./deps.ts";
import { assessSubjects } from "./group.ts";
import { resolved } from "./incident-change.ts";
import { statusWrites } from "./incident-writes.ts";
import { changeLines, TOLD_SINGLY } from "./lines.ts";
import { resolveExtras } from "./resolve.ts";
import { askStale, type Unreadable } from "./stale.ts";
import { subjectsOfRecords } from "./subject.ts";

const TRIES = 20;

/** What a look at all firing episodes found. */
type Round = { startedWith: Incident; remarks: ReadonlySet<string>; dueAt?: Instant };

/**
 * Looks at an incident again: closes what its source no longer knows, measures and classifies what fires, raises the severity,
 * selects playbooks where none has been tried, and plans the next look. A resolved incident is let go when it can no longer reopen.
 */
export async function reassess(deps: AssessDeps, id: string): Promise<void> {
  const doc = await deps.store.get<Incident>("incident", id);
  if (doc === undefined)
    return void (await deps.store.commit({ checks: [], writes: [{ write: "undue", member: `incident:${id}` }] }));
  if (doc.body.status === "resolved") return letGo(deps, doc);
  const round = await lookAtAll(deps, doc.body);
  await planNext(deps, id, round);
}

/** After `reopen-within` the key is free for a new incident. */
async function letGo(deps: AssessDeps, { body, rev }: Doc<Incident>): Promise<void> {
  const now = await deps.store.now();
  const member = `incident:${body.id}`;
  const until = (body.resolvedAt ?? now) + deps.config.incidents.reopenWithin;
  const pointer = await deps.store.field(CURRENT, body.key);
  const writes: Write[] = [
    until >= now && pointer === body.id ? { write: "due", member, at: until + 1 } : { write: "undue", member },
  ];
  if (until < now && pointer === body.id) writes.push({ write: "field", hash: CURRENT, field: body.key, value: null });
  deps.current.delete(body.key);
  await deps.store.commit({ checks: [{ check: "rev", kind: "incident", id: body.id, rev }], writes });
}

async function lookAtAll(deps: AssessDeps, incident: Incident): Promise<Round> {
  const ids = await deps.store.members(`incident:${incident.id}:firing`);
  const remarks = new Set<string>();
  const unreadable: Unreadable = new Map();
  let dueAt: Instant | undefined;
  for (let at = 0; at < ids.length; at += CHUNK) {
    const docs = await deps.store.getMany<AlertRecord>("alert", ids.slice(at, at + CHUNK));
    const records = docs.flatMap((doc) => (doc === undefined ? [] : [doc.body]));
    const vanished = await askStale(deps, records, unreadable);
    const subjects = subjectsOfRecords(records, deps.config.incidents.correlateBy);
    const found = await assessSubjects(deps, subjects, { again: true, vanished });
    for (const remark of found.remarks) remarks.add(remark);
    if (found.dueAt !== undefined) dueAt = Math.min(dueAt ?? found.dueAt, found.dueAt);
  }
  return dueAt === undefined ? { startedWith: incident, remarks } : { startedWith: incident, remarks, dueAt };
}

/**
 * One commit at the end: the next wake-up, remarks that no longer stand, and the recovery if nothing fires after all. An
 * incident that never had an episode was made by a person and does not end here.
 */
async function planNext(deps: AssessDeps, id: string, round: Round): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const doc = await deps.store.get<Incident>("incident", id);
    if (doc === undefined) return;
    if (doc.body.status === "resolved") return;
    const [now, firing, total] = await Promise.all([
      deps.store.now(),
      deps.store.size(`incident:${id}:firing`),
      deps.store.size(`incident:${id}:episodes`),
    ]);
    const hasEnded = firing === 0 && total > 0;
    const part = hasEnded
      ? await recovery(deps, doc, now)
      : nextLook(deps, doc, { round, counts: { firing, total }, now });
    if ((await deps.store.commit(part)).ok) return deps.rouse(part.wakes);
  }
}

type Next = { round: Round; counts: { firing: number; total: number }; now: Instant };

function nextLook(deps: AssessDeps, { body, rev }: Doc<Incident>, { round, counts, now }: Next): Part {
  const every = now + deps.config.incidents.reassessEvery;
  const rose = body.severity !== round.startedWith.severity;
  const at = rose ? now : Math.min(every, round.dueAt ?? every);
  const noted = stillStanding(body, round);
  const member = `incident:${body.id}`;
  return {
    checks: [{ check: "rev", kind: "incident", id: body.id, rev }],
    writes: [
      { write: "put", kind: "incident", id: body.id, body: { ...body, reassessAt: at, counts, noted } },
      { write: "due", member, at },
      ...(counts.firing >= TOLD_SINGLY ? [{ write: "due", member: `chat:${body.id}`, at: now } as const] : []),
    ],
    wakes: at === now || at === round.dueAt ? [{ member, at, ...(at > now && { delay: at - now }) }] : [],
  };
}

/** What was said before and was not found again is forgotten, so that it is said when it comes back. */
function stillStanding(incident: Incident, { startedWith, remarks }: Round): readonly string[] {
  const before = new Set(startedWith.noted);
  return (incident.noted ?? []).filter((remark) => remarks.has(remark) || !before.has(remark));
}

/** Every episode is closed already, so no episode's closing will resolve the incident. */
async function recovery(deps: AssessDeps, { body, rev }: Doc<Incident>, now: Instant): Promise<Part> {
  const incident = resolved({ ...body, counts: { firing: 0, total: body.counts?.total ?? 0 } }, now);
  const change = { before: body, incident, turn: "resolved" } as const;
  const correlation = { key: body.key, labels: body.labels };
  const lines = changeLines({ correlation, joining: [], keeping: [], closing: [] }, change, now);
  const started = await resolveExtras(deps, incident, now);
  const at = now + deps.config.incidents.reopenWithin + 1;
  const chat = { member: `chat:${body.id}`, at: now };
  const writes: Write[] = [
    { write: "put", kind: "incident", id: body.id, body: started.incident },
    ...statusWrites({ change, incident }),
    { write: "append", list: `timeline:${body.id}`, items: lines },
    { write: "due", member: `incident:${body.id}`, at },
    { write: "due", ...chat },
  ];
  const checks: Part["checks"] = [{ check: "rev", kind: "incident", id: body.id, rev }];
  return joinParts([{ checks, writes, wakes: [chat] }, started.part]);
}
