import { digestOf } from "../../core/hash.ts";
import { incidentMessage } from "./incident-message.ts";
import type { Message } from "./message.ts";
import { edit, type PublishDeps, post, type Session, type Stop } from "./session.ts";

/** Posts the incident's message if it has none. */
export async function ensureMessage(deps: PublishDeps, session: Session): Promise<Stop | undefined> {
  if (session.state.message !== undefined) return undefined;
  const message = incidentMessage(session.view);
  const mark = { event_type: "stanch_incident", event_payload: { incidentId: session.view.incident.id } } as const;
  return post(deps, session, { message, mark, urgent: isUrgent(session) }, (state, ts) => ({
    ...state,
    channel: session.channel,
    message: ts,
    shown: digestOfMessage(message),
  }));
}

/** Its approvals and calls hang on the message; in a storm the others come after those that somebody has to see at once. */
function isUrgent({ view, entries }: Session): boolean {
  const { incident, approvals, tasks = [], runs } = view;
  const isAsked = approvals.some(({ status }) => status === "pending") || tasks.length > 0;
  const isUnknown = runs.some(({ state }) => state.kind === "unknown_outcome");
  return incident.severity === "P0" || isAsked || isUnknown || entries.some(({ kind }) => kind === "escalation");
}

/** Edits the incident's message when it would look different; a deleted one is posted anew. */
export async function refreshMessage(deps: PublishDeps, session: Session): Promise<Stop | undefined> {
  const message = incidentMessage(session.view);
  const shown = digestOfMessage(message);
  const ts = session.state.message;
  if (ts === undefined || session.state.shown === shown) return undefined;
  const result = await edit(deps, session, { ts, message, urgent: session.view.incident.status === "resolved" });
  if (result === "gone") {
    const { message: _, ...rest } = session.state;
    session.state = rest;
    return ensureMessage(deps, session);
  }
  if (result) return result;
  session.state = { ...session.state, shown };
  await session.save(session.state);
  return undefined;
}

/** What a message looks like, to know whether an edit would change anything. */
export function digestOfMessage(message: Message): string {
  return digestOf(JSON.stringify(message));
}
