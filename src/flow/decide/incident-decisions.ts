import type { Actor, Decided, Decision } from "../../core/decision.ts";
import { formatDuration } from "../../core/duration.ts";
import type { Incident } from "../../core/incident.ts";
import { isInForce, pausedText, takenScope } from "../../core/pause.ts";
import type { Pause, Write } from "../../core/store.ts";
import type { Instant, Milliseconds } from "../../core/time.ts";
import { resolvedWrites } from "../resolved.ts";
import { type DecideDeps, nameOf, readDoc, refuse, say, settleChange } from "./deps.ts";

type IncidentDecision = Extract<Decision, { verb: "ack" | "take" | "release" | "close" }>;
type Edit = { incident: Incident; text: string; writes?: readonly Write[]; wake?: readonly string[] };

/** `ack` stops escalation for this long. */
export const ACK_FOR: Milliseconds = 30 * 60_000;

/** Acknowledge, take over (which pauses this incident's mutations), release, close. */
export async function decideIncident(deps: DecideDeps, actor: Actor, decision: IncidentDecision): Promise<Decided> {
  return settleChange(deps, async () => {
    const found = await readDoc<Incident>(deps.store, "incident", decision.incident);
    if ("ok" in found) return found;
    const now = await deps.store.now();
    if (found.body.status === "resolved" && !AFTERWARDS.has(decision.verb)) {
      return refuse("conflict", `${decision.incident} is resolved already`);
    }
    const { id } = found.body;
    const paused = await deps.store.get<Pause>("pause", `incident:${id}`);
    const reason = "reason" in decision ? (decision.reason ?? "") : "";
    const edit = edits[decision.verb](found.body, { actor, now, reason, paused: paused?.body });
    if (typeof edit === "string") return refuse("conflict", edit);
    const handsOff = isInHand(found.body, paused?.body, now);
    const runs =
      decision.verb === "close"
        ? await resolvedWrites(deps.store, found.body, { now, by: nameOf(actor), handsOff })
        : NONE;
    return {
      change: {
        checks: [
          found.check,
          { check: "rev", kind: "pause", id: `incident:${id}`, rev: paused?.rev ?? 0 },
          ...runs.checks,
        ],
        writes: [
          { write: "put", kind: "incident", id, body: edit.incident },
          { write: "due", member: `incident:${id}`, at: 0 },
          ...(edit.writes ?? []),
          ...runs.writes,
          ...say(id, { at: now, kind: "decision", text: edit.text, by: nameOf(actor) }),
        ],
        wake: [`incident:${id}`, `chat:${id}`],
      },
      decided: { ok: true, sentence: edit.text },
    };
  });
}

/** What may still be said of an incident that is over: what could not be undone needs somebody who has seen it. */
const AFTERWARDS: ReadonlySet<string> = new Set(["release", "ack"]);

const NONE = { checks: [], writes: [] };
const TAKEN_OVER = "taken over";

/** `paused`: a pause of the incident, beside `take`. */
type Asked = { actor: Actor; now: Instant; reason: string; paused: Pause | undefined };

const edits: Readonly<Record<IncidentDecision["verb"], (incident: Incident, asked: Asked) => Edit | string>> = {
  ack: (incident, { actor, now }) => ({
    incident: { ...incident, acknowledged: { by: nameOf(actor), at: now, until: now + ACK_FOR } },
    text: `${nameOf(actor)} acknowledged ${incident.id}; escalation rests for ${formatDuration(ACK_FOR)}`,
  }),
  take: (incident, { actor, now }) => {
    if (incident.taken) return `${incident.taken.by} has ${incident.id}; they release it, or it is closed`;
    const by = nameOf(actor);
    const scope = takenScope(incident.id);
    return {
      incident: { ...incident, taken: { by, at: now }, acknowledged: { by, at: now, until: now + ACK_FOR } },
      text: `${by} took over ${incident.id}: stanch starts no further change on it until release`,
      writes: [{ write: "put", kind: "pause", id: scope, body: { scope, by, reason: TAKEN_OVER, at: now } }],
    };
  },
  release: (incident, { actor, now, paused }) => {
    if (!incident.taken) return `nobody has ${incident.id}`;
    const { taken: _, ...rest } = incident;
    return {
      incident: rest,
      text: `${nameOf(actor)} released ${incident.id}: ${afterRelease(incident, paused, now)}`,
      writes: [
        { write: "delete", kind: "pause", id: takenScope(incident.id) },
        ...(isOldTake(incident, paused) ? [liftPause(incident)] : []),
      ],
    };
  },
  close: (incident, { actor, now, reason, paused }) => ({
    incident: {
      ...incident,
      status: "resolved",
      resolvedAt: now,
      acknowledged: { by: nameOf(actor), at: now, until: now },
    },
    text: `${nameOf(actor)} closed ${incident.id}${reason && `: ${reason}`}; ${afterClose(incident, paused, now)}`,
    writes: closeWrites(incident, now),
  }),
};

function afterRelease(incident: Incident, paused: Pause | undefined, now: Instant): string {
  if (paused === undefined || isOldTake(incident, paused) || !isInForce(paused, now)) return "stanch may go on";
  return `${pausedText(paused)}, so stanch changes nothing there until somebody resumes`;
}

function afterClose(incident: Incident, paused: Pause | undefined, now: Instant): string {
  const left = isInHand(incident, paused, now) ? "its runs end where they are, and nothing is undone by itself; " : "";
  return `${left}active leases still end at their time`;
}

/** Somebody holds stanch's hands off it: closing it must not let go what that has held. */
function isInHand({ taken }: Incident, paused: Pause | undefined, now: Instant): boolean {
  return taken !== undefined || (paused !== undefined && isInForce(paused, now));
}

/** At first a take was stored as a pause of its incident. */
function isOldTake({ taken }: Incident, paused: Pause | undefined): boolean {
  return paused?.reason === TAKEN_OVER && paused.at === taken?.at;
}

function liftPause({ id }: Incident): Write {
  return { write: "delete", kind: "pause", id: `incident:${id}` };
}

function closeWrites(incident: Incident, now: Instant): readonly Write[] {
  return [
    { write: "delete", kind: "pause", id: takenScope(incident.id) },
    liftPause(incident),
    { write: "field", hash: "incidents:open", field: incident.key, value: null },
    { write: "unindex", index: `incidents:${incident.status}`, member: incident.id },
    { write: "index", index: "incidents:resolved", member: incident.id, score: now },
  ];
}
