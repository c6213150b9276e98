import { CHATS_BEHIND, type ChatState, type Published } from "../../src/core/chat.ts";
import type { Incident } from "../../src/core/incident.ts";
import { silentLog } from "../../src/core/log.ts";
import type { Write } from "../../src/core/store.ts";
import type { IncidentView } from "../../src/core/views.ts";
import { incidentView } from "../../src/flow/desk/incident-view.ts";
import { type NotifyDeps, notify } from "../../src/flow/notify.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";

/** When the store's clock begins. */
export const START = 1_700_000_000_000;

/** One open incident, with these fields besides, that is due in a chat which answers as it is told to. */
export async function publisher(fields: Partial<Incident> = {}) {
  let now = START;
  const { store } = createMemoryStore({ now: () => now });
  const chat = { looks: 0, answer: async (_: IncidentView): Promise<Published> => ({ ok: true }) };
  const incident = { id: "inc-1", status: "open", runs: [], leases: [], ...fields } as unknown as Incident;
  const commit = (...writes: readonly Write[]) => store.commit({ checks: [], writes });
  await commit(
    { write: "put", kind: "incident", id: "inc-1", body: incident },
    { write: "put", kind: "chat", id: "inc-1", body: { delivered: 0, approvals: {} } },
    { write: "due", member: "chat:inc-1", at: 0 },
  );
  const deps: NotifyDeps = {
    store,
    queue: { wake: async () => {} },
    desk: { incident: (id) => incidentView(store, id), timeline: async () => [] },
    chat: {
      name: "console",
      publish: (view) => {
        chat.looks += 1;
        return chat.answer(view);
      },
    },
    metrics: { posted: () => undefined },
    log: silentLog,
  };
  return {
    store,
    chat,
    commit,
    look: () => notify(deps, "inc-1", new AbortController().signal),
    pass: (ms: number) => {
      now += ms;
    },
    behind: async () => (await store.page(CHATS_BEHIND, { limit: 9 })).members,
    since: async () => (await store.get<ChatState>("chat", "inc-1"))?.body.behindSince,
    isDue: async () => (await store.due(9)).some(({ member }) => member === "chat:inc-1"),
  };
}
