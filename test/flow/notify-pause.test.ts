import assert from "node:assert/strict";
import { test } from "node:test";
import type { Incident } from "../../src/core/incident.ts";
import { silentLog } from "../../src/core/log.ts";
import type { Write } from "../../src/core/store.ts";
import { incidentView } from "../../src/flow/desk/incident-view.ts";
import { type NotifyDeps, notify } from "../../src/flow/notify.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";

const MINUTE = 60_000;

for (const scope of ["global", "incident:inc-1"])
  test(`a pause of ${scope} that is made while it posts is shown by the same turn, and looked at again when it ends`, async () => {
    let now = 1_700_000_000_000;
    const { store } = createMemoryStore({ now: () => now });
    const incident = { id: "inc-1", status: "open", runs: [], leases: [] } as unknown as Incident;
    const pause = { scope, by: "anna", reason: "", at: now, until: now + MINUTE };
    const paused: Write = { write: "put", kind: "pause", id: scope, body: pause };
    const due: Write = { write: "due", member: "chat:inc-1", at: 0 };
    await store.commit({ checks: [], writes: [{ write: "put", kind: "incident", id: "inc-1", body: incident }, due] });
    const shown: string[] = [];
    const deps: NotifyDeps = {
      store,
      queue: { wake: async () => {} },
      desk: { incident: (id) => incidentView(store, id), timeline: async () => [] },
      chat: {
        name: "console",
        async publish(view) {
          shown.push(view.paused.map(({ scope }) => scope).join());
          if (shown.length === 1) await store.commit({ checks: [], writes: [paused] });
          return { ok: true };
        },
      },
      metrics: { posted: () => undefined },
      log: silentLog,
    };
    const isDue = async () => (await store.due(10)).some(({ member }) => member === "chat:inc-1");
    await notify(deps, "inc-1", new AbortController().signal);
    assert.deepEqual(shown, ["", scope]);
    assert.equal(await isDue(), false);
    now += MINUTE;
    assert.equal(await isDue(), true);
    await notify(deps, "inc-1", new AbortController().signal);
    assert.deepEqual(shown, ["", scope, ""]);
    now += 60 * MINUTE;
    assert.equal(await isDue(), false);
  });
