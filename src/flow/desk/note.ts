import type { Actor, Decided } from "../../core/decision.ts";
import type { Note } from "../../core/desk.ts";
import { cutText, redactText } from "../../core/redact.ts";
import type { Store } from "../../core/store.ts";
import { nameOf, refuse } from "../decide/deps.ts";

const LONGEST = 4_000;

/** Puts what a person wrote, without known shapes of secrets, on the incident's timeline, once per key: a repeated delivery adds nothing. */
export async function writeNote(store: Store, actor: Actor, incident: string, note: Note): Promise<Decided> {
  if (!(await store.get("incident", incident))) return refuse("not_found", `no incident ${incident}`);
  const entry = {
    at: note.at,
    kind: "message",
    text: redactText(cutText(note.text, LONGEST)),
    by: nameOf(actor),
    ...(note.origin === undefined ? {} : { origin: note.origin }),
  };
  const committed = await store.commit({
    checks: [{ check: "field", hash: `notes:${incident}`, field: note.key, is: null }],
    writes: [
      { write: "field", hash: `notes:${incident}`, field: note.key, value: "1" },
      { write: "append", list: `timeline:${incident}`, items: [entry] },
      { write: "due", member: `chat:${incident}`, at: 0 },
    ],
  });
  return {
    ok: true,
    sentence: committed.ok ? `noted on ${incident}` : `that is on the timeline of ${incident} already`,
  };
}
