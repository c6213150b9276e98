import { canonicalJson } from "../core/json.ts";
import { handedDown, isOneField, isYounger, type Lease } from "../core/lease.ts";
import type { Doc, Store } from "../core/store.ts";
import type { Instant, Milliseconds } from "../core/time.ts";
import { say } from "./decide/deps.ts";
import type { RunDeps } from "./run/deps.ts";

/** How often it is looked at whether the next younger lease has been undone. */
const LOOK_AGAIN: Milliseconds = 5_000;

/** Every lease that is still to be undone. */
export async function liveLeases(store: Store): Promise<readonly Doc<Lease>[]> {
  const live: Doc<Lease>[] = [];
  let at: { cursor?: string } | undefined = {};
  while (at) {
    const { members, next } = await store.page("leases:active", { limit: 1_000, ...at });
    const docs = members.length === 0 ? [] : await store.getMany<Lease>("lease", members);
    for (const doc of docs) if (doc) live.push(doc);
    at = next === undefined ? undefined : { cursor: next };
  }
  return live;
}

/** Of the live leases on this one's field the first that was made after it: the one that found its value. */
export async function nextYounger(store: Store, lease: Lease): Promise<Doc<Lease> | undefined> {
  return (await liveLeases(store))
    .filter(({ body }) => body.status === "active" || body.status === "reverting")
    .filter(({ body }) => isOneField(body, lease) && isYounger(body, lease))
    .reduce<Doc<Lease> | undefined>((next, one) => (next && isYounger(one.body, next.body) ? next : one), undefined);
}

/** Ends a lease under the next younger one, which restores its former value then. One that is being undone is waited for. */
export async function endUnder(
  deps: Pick<RunDeps, "store" | "actions">,
  { older, younger, now }: { older: Doc<Lease>; younger: Doc<Lease>; now: Instant },
): Promise<void> {
  const member = `lease:${older.body.id}`;
  if (younger.body.status === "reverting") {
    await deps.store.commit({ checks: [], writes: [{ write: "due", member, at: now + LOOK_AGAIN }] });
    return;
  }
  const undo = handedDown(older.body.undo, younger.body.undo);
  const describe = deps.actions.get(undo.uses)?.describe(undo.with) ?? undo.uses;
  const isHandedDown = canonicalJson(undo) !== canonicalJson(younger.body.undo);
  const text = isHandedDown
    ? `lease ${older.body.id} ended under ${younger.body.id}, which will now ${describe}`
    : `lease ${older.body.id} ended and undid nothing: somebody else had changed the same before ${younger.body.id}, which will ${describe}`;
  await deps.store.commit({
    checks: [
      { check: "rev", kind: "lease", id: older.body.id, rev: older.rev },
      { check: "rev", kind: "lease", id: younger.body.id, rev: younger.rev },
    ],
    writes: [
      { write: "put", kind: "lease", id: older.body.id, body: { ...older.body, status: "superseded" } },
      { write: "put", kind: "lease", id: younger.body.id, body: { ...younger.body, undo, describe } },
      { write: "unindex", index: "leases:active", member: older.body.id },
      { write: "undue", member },
      ...say(older.body.incidentId, { at: now, kind: "lease", text, by: "stanch" }),
    ],
  });
}
