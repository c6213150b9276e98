import { CHATS_BEHIND, type Chat, type ChatState, type Published } from "../core/chat.ts";
import type { Desk } from "../core/desk.ts";
import { AppError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Metrics } from "../core/metrics.ts";
import { EVERYTHING } from "../core/pause.ts";
import type { Queue } from "../core/queue.ts";
import type { Check, Claim, Pause, Store, Write } from "../core/store.ts";
import type { Milliseconds } from "../core/time.ts";
import type { IncidentView } from "../core/views.ts";

export type NotifyDeps = {
  store: Pick<Store, "claim" | "commit" | "get" | "now">;
  desk: Pick<Desk, "incident" | "timeline">;
  chat: Chat;
  queue: Pick<Queue, "wake">;
  metrics: Pick<Metrics, "posted">;
  log: Log;
};

/** One publisher per incident; nobody waits longer than this for one that died. */
const CLAIM_FOR: Milliseconds = 60_000;

/** How often one turn publishes again because something happened meanwhile; then others get their turn. */
const ROUNDS = 5;

/** Longer than any publisher can be frozen and still come back: the claim's epoch is remembered for this long. */
const EPOCH_KEPT: Milliseconds = 24 * 3_600_000;

/** After a publisher threw: a bug should neither stop an incident's thread for good nor hammer the chat. */
const AFTER_BUG: Milliseconds = 30_000;

const EMPTY: ChatState = { delivered: 0, approvals: {} };

/** Another worker took over while this one was posting. */
const TAKEN_OVER = "another worker publishes this incident now";

/**
 * Brings the chat up to date with one incident (the wake-up `chat:ID`). Any number of wake-ups at once lead to one publisher;
 * `chat:ID` stays due until everything is shown, so what the chat refuses now comes later, complete and in order.
 * @throws AppError "unavailable" when the store cannot be reached; the sweeper comes back.
 */
export async function notify(deps: NotifyDeps, incident: string, signal: AbortSignal): Promise<void> {
  const member = memberOf(incident);
  // Whatever is new made it due at once: a wake-up that comes before the time it was let go until is one of many, and has nothing to show.
  const claim = await deps.store.claim(member, CLAIM_FOR, member);
  if (!claim) return;
  for (let round = 0; round < ROUNDS && !signal.aborted; round++) {
    const outcome = await publishOnce(deps, incident, claim);
    if (outcome !== "again") return;
  }
  await letGo(deps, incident, { claim, after: 0, writes: [], news: [] });
}

function memberOf(incident: string): string {
  return `chat:${incident}`;
}

async function publishOnce(deps: NotifyDeps, incident: string, claim: Claim): Promise<"done" | "again"> {
  const pauses = await pauseChecks(deps, incident);
  const [doc, view] = await Promise.all([deps.store.get<ChatState>("chat", incident), deps.desk.incident(incident)]);
  if (!view) return forget(deps, incident, claim);
  const state = doc?.body ?? EMPTY;
  const entries = await deps.desk.timeline(incident, state.delivered);
  const save = (next: ChatState): Promise<void> => saveState(deps, incident, { claim, state: next });
  const published = await attempt(deps, incident, () => deps.chat.publish(view, entries, state, save));
  if (published === "taken-over") return "done";
  deps.metrics.posted(deps.chat.name, published.ok ? "ok" : "failed");
  const news: readonly Check[] = [
    { check: "length", list: `timeline:${incident}`, is: view.timelineLength },
    ...pauses,
  ];
  if (published.ok) return settle(deps, view, { claim, wasBehind: state.behindSince !== undefined, news });
  deps.log.debug({ incident, why: published.why, retryAfter: published.retryAfter }, "the chat has to wait");
  const writes = await behind(deps, incident, claim);
  return letGo(deps, incident, { claim, after: published.retryAfter, writes, news });
}

/** That what was paused when the incident was read still is: no line of its timeline says so of the kill switch. */
async function pauseChecks({ store }: NotifyDeps, incident: string): Promise<readonly Check[]> {
  const ids = [EVERYTHING, `incident:${incident}`];
  const docs = await Promise.all(ids.map((id) => store.get<Pause>("pause", id)));
  return ids.map((id, index) => ({ check: "rev", kind: "pause", id, rev: docs[index]?.rev ?? 0 }));
}

async function attempt(
  deps: NotifyDeps,
  incident: string,
  publish: () => Promise<Published>,
): Promise<Published | "taken-over"> {
  try {
    return await publish();
  } catch (err) {
    if (err instanceof AppError && err.code === "unavailable") throw err;
    if (err instanceof AppError && err.message === TAKEN_OVER) return "taken-over";
    deps.log.error({ err, incident }, "publishing an incident");
    return { ok: false, retryAfter: AFTER_BUG, why: "internal error" };
  }
}

async function saveState(
  deps: NotifyDeps,
  incident: string,
  { claim, state }: { claim: Claim; state: ChatState },
): Promise<void> {
  const committed = await deps.store.commit({
    checks: [held(claim)],
    writes: [{ write: "put", kind: "chat", id: incident, body: state }],
  });
  if (!committed.ok) throw new AppError("conflict", TAKEN_OVER);
}

/** `news`: what does not hold where something has come that the turn has not read. */
type Turn = { claim: Claim; news: readonly Check[] };

/**
 * Ends the turn if nothing was added to the timeline since it was read; whoever adds a line makes the chat due with it. What shows a
 * pause or an acknowledgement is looked at again when that ends.
 */
async function settle(
  deps: NotifyDeps,
  view: IncidentView,
  { claim, wasBehind, news }: Turn & { wasBehind: boolean },
): Promise<"done" | "again"> {
  const { id } = view.incident;
  const caughtUp = wasBehind ? await upToDate(deps, id) : [];
  const writes: readonly Write[] = [nextLook(view), ...release(claim), ...caughtUp];
  const committed = await deps.store.commit({ checks: [held(claim), ...news], writes });
  return committed.ok || committed.failed.check === "claim" ? "done" : "again";
}

function nextLook({ incident, paused, restsUntil }: IncidentView): Write {
  const member = memberOf(incident.id);
  const ends = [restsUntil, ...paused.map(({ until }) => until)].filter((end) => end !== undefined);
  if (incident.status === "resolved" || ends.length === 0) return { write: "undue", member };
  return { write: "due", member, at: Math.min(...ends) };
}

/** Remembers since when this incident is not shown as it is, for the metrics; once is enough. */
async function behind(deps: NotifyDeps, incident: string, claim: Claim): Promise<readonly Write[]> {
  const body = (await deps.store.get<ChatState>("chat", incident))?.body ?? EMPTY;
  if (body.behindSince !== undefined) return [];
  return [
    { write: "put", kind: "chat", id: incident, body: { ...body, behindSince: claim.now } },
    { write: "index", index: CHATS_BEHIND, member: incident, score: claim.now },
  ];
}

async function upToDate(deps: NotifyDeps, incident: string): Promise<readonly Write[]> {
  const { behindSince: _, ...body } = (await deps.store.get<ChatState>("chat", incident))?.body ?? EMPTY;
  return [
    { write: "put", kind: "chat", id: incident, body },
    { write: "unindex", index: CHATS_BEHIND, member: incident },
  ];
}

/** The incident was removed: there is nothing to show any more. */
async function forget(deps: NotifyDeps, incident: string, claim: Claim): Promise<"done"> {
  const writes: readonly Write[] = [
    { write: "undue", member: memberOf(incident) },
    { write: "delete", kind: "chat", id: incident },
    { write: "unindex", index: CHATS_BEHIND, member: incident },
    ...release(claim),
  ];
  await deps.store.commit({ checks: [held(claim)], writes });
  return "done";
}

/** Ends the turn with the incident due again, unless there is news: that may be urgent, and the wait is not. */
async function letGo(
  deps: NotifyDeps,
  incident: string,
  { claim, news, after, writes: more }: Turn & { after: Milliseconds; writes: readonly Write[] },
): Promise<"done" | "again"> {
  const member = memberOf(incident);
  const now = await deps.store.now();
  const writes: readonly Write[] = [...more, { write: "due", member, at: now + after }, ...release(claim)];
  const committed = await deps.store.commit({ checks: [held(claim), ...news], writes });
  if (committed.ok) await deps.queue.wake(member, now + after, after);
  return committed.ok || committed.failed.check === "claim" ? "done" : "again";
}

function held(claim: Claim): Check {
  return { check: "claim", run: claim.run, epoch: claim.epoch };
}

/** Ends the claim with the recovery wake-up that taking it made due. */
function release(claim: Claim): readonly Write[] {
  return [
    { write: "undue", member: `run:${claim.run}` },
    { write: "release", run: claim.run, epoch: claim.epoch },
    { write: "expire", what: "claim", name: claim.run, at: claim.now + EPOCH_KEPT },
  ];
}
