import type { Config } from "../../core/config.ts";
import { digestOf } from "../../core/hash.ts";
import type { Incident } from "../../core/incident.ts";
import { isActive } from "../words.ts";
import { type Api, type Failure, stringIn } from "./api.ts";
import { type Channels, routeOf } from "./channels.ts";
import { messageLink } from "./identity.ts";
import { person } from "./said.ts";
import type { PublishDeps, Session, Stop } from "./session.ts";
import { stopped } from "./session.ts";

type RoomSettings = NonNullable<Config["slack"]["incidentChannel"]>;

const MAX_NAME = 80;
const MAX_TOPIC = 250;
const INVITED_AT_ONCE = 100;

/** The name of an incident's own channel, made of what never changes about it: `inc-12-litellm`. */
export function roomName(prefix: string, { id, labels, key }: Incident): string {
  const start = id.startsWith(`${prefix}-`) ? id : `${prefix}-${id}`;
  const words = `${start}-${labels["service"] ?? key}`.toLowerCase().replace(/[^a-z0-9_]+/g, "-");
  return words.slice(0, MAX_NAME).replace(/^-+|-+$/g, "");
}

/** What stands in the purpose of such a channel; `incidentOfPurpose` reads it back. */
function purposeOf(incident: string): string {
  return `stanch: the channel of ${incident}`;
}

/** The incident whose own channel this is, from its purpose. */
export function incidentOfPurpose(purpose: string | undefined): string | undefined {
  return /^stanch: the channel of (\S+)/.exec(purpose ?? "")?.[1];
}

/**
 * Gives the incident a channel of its own when its severity asks for one. When Slack refuses, the alert channel serves, and it
 * is tried again a while later. The channel's timeline begins at the first entry, so the next call brings all of it.
 */
export async function ensureRoom(deps: PublishDeps, session: Session): Promise<Stop | undefined> {
  const settings = deps.slack.incidentChannel;
  const { incident } = session.view;
  const isWanted = settings?.severities.includes(incident.severity) === true && incident.status !== "resolved";
  if (!settings || !isWanted || session.state.room || deps.pacer.heldFor(laneOf(incident), deps.now()) > 0)
    return undefined;
  const made = await makeRoom(deps, settings, session);
  if (!made.ok) return refused(deps, incident, made);
  const { delivered } = session.state;
  const room = { channel: made.id, delivered: 0, topic: "" };
  session.state = { ...session.state, room, delivered: 0, ...(delivered > 0 && { thread: delivered }) };
  await session.save(session.state);
  if (session.first === 0) return undefined;
  return { ok: false, retryAfter: 1, why: "the new channel gets the whole timeline", uncertain: false };
}

const TRY_AGAIN = 10 * 60_000;

function laneOf({ id }: Incident): string {
  return `room/${id}`;
}

function refused(deps: PublishDeps, incident: Incident, failure: Failure): Stop | undefined {
  if (failure.kind !== "refused") return stopped(deps, laneOf(incident), failure);
  deps.pacer.hold(laneOf(incident), deps.now() + TRY_AGAIN);
  deps.log.warn({ incident: incident.id, why: failure.why }, "the incident gets no channel of its own");
  return undefined;
}

type Made = { ok: true; id: string } | Failure;

async function makeRoom(deps: PublishDeps, settings: RoomSettings, { view }: Session): Promise<Made> {
  const name = roomName(settings.prefix, view.incident);
  const isPrivate = routeOf(deps.slack, view).private;
  const created = await deps.api.call("conversations.create", { name, is_private: isPrivate });
  const room = created.ok
    ? idIn(created.body)
    : await existing(deps, name, { failure: created, incident: view.incident.id });
  if (!room.ok) return room;
  const purpose = await deps.api.call("conversations.setPurpose", {
    channel: room.id,
    purpose: purposeOf(view.incident.id),
  });
  if (!purpose.ok) return purpose;
  await invite(deps, settings, room.id);
  return room;
}

function idIn(body: unknown): Made {
  const id = stringIn(body, "channel", "id");
  if (id !== undefined) return { ok: true, id };
  return { ok: false, kind: "refused", code: "bad_response", retryAfter: 60_000, why: "Slack named no channel" };
}

/** A name that is taken is ours when an earlier attempt made it: its purpose names the incident, or nothing yet. */
async function existing(
  { api, channels }: Pick<PublishDeps, "api" | "channels">,
  name: string,
  { failure, incident }: { failure: Failure; incident: string },
): Promise<Made> {
  if (failure.code !== "name_taken") return failure;
  const found = await channels.idOf(name);
  if (!found.ok) return found;
  const info = await api.call("conversations.info", { channel: found.id });
  if (!info.ok) return info;
  const purpose = stringIn(info.body, "channel", "purpose", "value");
  return purpose === undefined || incidentOfPurpose(purpose) === incident ? found : failure;
}

/** Whom Slack does not let in is logged; the channel is there for the others. */
async function invite(deps: PublishDeps, settings: RoomSettings, channel: string): Promise<void> {
  const groups = settings.invite.map((name) => deps.approvals.groups[name]).filter((group) => group !== undefined);
  const members = await Promise.all(
    groups.flatMap((group) =>
      group.slackUserGroups.map((id) => deps.resolveUserGroup(id).catch(() => new Set<string>())),
    ),
  );
  const named = groups.flatMap((group) => [
    ...group.slackUsers,
    ...group.people.map((person) => deps.approvals.people[person]?.slack ?? ""),
  ]);
  const users = [...new Set([...named, ...members.flatMap((set) => [...set])])].filter((user) => user !== "");
  if (users.length === 0) return;
  const list = users.slice(0, INVITED_AT_ONCE).join(",");
  const answer = await deps.api.call("conversations.invite", { channel, users: list, force: true });
  if (!answer.ok && answer.code !== "already_in_channel") deps.log.warn({ why: answer.why }, "inviting responders");
}

/** The topic says how bad it is, who has it and where the message stands; Slack tells the channel about each change. */
export async function refreshTopic(deps: PublishDeps, session: Session): Promise<Stop | undefined> {
  const { room } = session.state;
  if (!room) return undefined;
  const text = topicOf(session);
  const topic = digestOf(text);
  if (room.topic === topic) return undefined;
  const set = await deps.api.call("conversations.setTopic", { channel: room.channel, topic: text });
  if (!set.ok && set.kind !== "refused") return stopped(deps, room.channel, set);
  session.state = { ...session.state, room: { ...room, topic } };
  await session.save(session.state);
  return undefined;
}

function topicOf({ view, state, identity, channel }: Session): string {
  const { incident } = view;
  const lead = incident.taken?.by ?? incident.acknowledged?.by;
  const link =
    state.message === undefined ? undefined : messageLink(identity, { channel, ts: state.message }, "message");
  const doing = view.runs.some(isActive) ? "a playbook runs" : undefined;
  const parts = [
    `${incident.severity} ${incident.status}`,
    lead === undefined ? "nobody leads yet" : `lead: ${person(lead).mrkdwn}`,
    doing,
    link?.mrkdwn,
  ];
  return parts
    .filter((part) => part !== undefined)
    .join(" · ")
    .slice(0, MAX_TOPIC);
}

/** Archives an incident's own channel; the sentence says what was done or why not. */
export async function archiveRoom(
  deps: { api: Api; channels: Channels; slack: Config["slack"] },
  incident: Incident,
): Promise<string> {
  const prefix = deps.slack.incidentChannel?.prefix;
  if (prefix === undefined) return "Incidents have no channels of their own here (slack.incident-channel).";
  if (incident.status !== "resolved") return `${incident.id} is still ${incident.status}; close it first.`;
  const name = roomName(prefix, incident);
  const found = await deps.channels.idOf(name);
  if (!found.ok) return `${incident.id} has no channel #${name}, or it is archived already.`;
  const archived = await deps.api.call("conversations.archive", { channel: found.id });
  return archived.ok || archived.code === "already_archived" ? `#${name} is archived.` : archived.why;
}
