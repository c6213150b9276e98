import { type Approval, UNOPPOSED } from "../core/approval.ts";
import type { ChatState } from "../core/chat.ts";
import { formatDuration } from "../core/duration.ts";
import type { Doc, Store, Write } from "../core/store.ts";
import type { Instant, Milliseconds } from "../core/time.ts";
import { type DecideDeps, say } from "./decide/deps.ts";
import { closingWrites } from "./decide/vote.ts";

/** A veto window that no channel has confirmed within this time becomes an ordinary approval. */
const DELIVERED_WITHIN: Milliseconds = 2 * 60_000;

/** Workers see the end of a window within seconds; later than this, nobody was there to hear an objection either. */
const SEEN_WITHIN: Milliseconds = 60_000;

/** Starts the veto windows of approvals that a channel has now shown; before that nobody could have objected. */
export async function startVetoWindows(store: Store, incident: string): Promise<void> {
  const chat = await store.get<ChatState>("chat", incident);
  const shown = Object.keys(chat?.body.approvals ?? {});
  const found = shown.length === 0 ? [] : await store.getMany<Approval>("approval", shown);
  const now = await store.now();
  for (const doc of found) {
    const { status, policy, vetoEndsAt } = doc?.body ?? {};
    if (doc === undefined || status !== "pending" || policy?.veto === undefined || vetoEndsAt !== undefined) continue;
    await startWindow(store, doc, { now, length: policy.veto, text: doc.body.id });
  }
}

async function startWindow(
  store: Store,
  doc: Doc<Approval>,
  { now, length, text }: { now: Instant; length: Milliseconds; text: string },
): Promise<void> {
  const { id, incidentId } = doc.body;
  const vetoEndsAt = now + length;
  const line = `${text} runs in ${formatDuration(length)} unless somebody objects`;
  await put(store, doc, { ...doc.body, vetoEndsAt }, [
    { write: "due", member: `approval:${id}`, at: vetoEndsAt },
    ...say(incidentId, { at: now, kind: "approval", text: line, by: "stanch" }),
  ]);
}

/** What the clock decides about a veto window; false when there is none left to look at. */
export async function tendVeto(deps: DecideDeps, doc: Doc<Approval>, now: Instant): Promise<boolean> {
  const { body } = doc;
  if (body.policy.veto === undefined) return false;
  if (body.policy.required > 1)
    return needsPeople(deps, doc, now, `${body.policy.required} people have to agree to ${body.id}`);
  if (body.vetoEndsAt !== undefined) {
    if (now < body.vetoEndsAt) return wait(deps, doc, body.vetoEndsAt);
    if (now < body.vetoEndsAt + SEEN_WITHIN) return unopposed(deps, doc, now);
    const text = `${body.id} waits on: its time was over while no worker ran; it`;
    await startWindow(deps.store, doc, { now, length: body.policy.veto, text });
    return true;
  }
  const latest = body.requestedAt + DELIVERED_WITHIN;
  if (now < latest) return wait(deps, doc, latest);
  return needsPeople(deps, doc, now, `no channel has shown ${body.id} in ${formatDuration(DELIVERED_WITHIN)}`);
}

/** It is an ordinary approval from now on. */
async function needsPeople(deps: DecideDeps, doc: Doc<Approval>, now: Instant, why: string): Promise<true> {
  const { body } = doc;
  const { veto: _, ...policy } = body.policy;
  const text = `${why}; it needs an approval now`;
  await put(deps.store, doc, { ...body, policy }, [
    { write: "due", member: `approval:${body.id}`, at: now },
    ...say(body.incidentId, { at: now, kind: "approval", text, by: "stanch" }),
  ]);
  return true;
}

async function wait(deps: DecideDeps, { body }: Doc<Approval>, at: Instant): Promise<true> {
  await deps.store.commit({ checks: [], writes: [{ write: "due", member: `approval:${body.id}`, at }] });
  return true;
}

async function unopposed(deps: DecideDeps, doc: Doc<Approval>, now: Instant): Promise<true> {
  const by = UNOPPOSED;
  const vote = { by, person: "", via: "stanch", at: now, decision: "approve" as const };
  const body: Approval = { ...doc.body, status: "approved", votes: [...doc.body.votes, vote], decidedAt: now };
  const committed = await put(deps.store, doc, body, closingWrites(body, { by, at: now, reason: "" }));
  if (committed) {
    deps.metrics.approval("approved");
    await deps.queue.wake(`run:${body.runId}`, now);
  }
  return true;
}

async function put(store: Store, doc: Doc<Approval>, body: Approval, writes: readonly Write[]): Promise<boolean> {
  const { id } = body;
  const committed = await store.commit({
    checks: [{ check: "rev", kind: "approval", id, rev: doc.rev }],
    writes: [{ write: "put", kind: "approval", id, body }, ...writes],
  });
  return committed.ok;
}
