import assert from "node:assert/strict";
import { it } from "node:test";
import type { AlertRecord } from "../../src/core/episode.ts";
import { keys } from "../../src/store/redis/keys.ts";
import { ALERT } from "../support/alert.ts";
import { startRedisStore } from "../support/redis-store.ts";
import { group } from "./suite/subject.ts";

const { admin, store, intake } = await startRedisStore({ appendonly: "no" });

const RECORD: AlertRecord = {
  ...ALERT,
  alert: { ...ALERT.alert, startsAt: 1_000 },
  state: { ...ALERT.state, openedAt: 2_000, lastSeen: 2_500, startsAt: 1_000 },
};
const LINEAGE = { source: RECORD.source, fingerprint: RECORD.alert.fingerprint };

it("an alert that an older version stored is read everywhere, and takes the short form when it is written again", async () => {
  const name = keys.doc("alert", RECORD.id);
  await admin.set(name, `3 ${JSON.stringify(RECORD)}`);
  await intake.accept(...group([RECORD.alert]));
  for (const rev of [3, 4]) {
    const doc = { rev, body: RECORD };
    assert.deepEqual(await store.get("alert", RECORD.id), doc);
    assert.deepEqual(await store.getMany("alert", [RECORD.id]), [doc]);
    assert.deepEqual((await intake.look([LINEAGE], 0)).lineages[0]?.records, [doc]);
    const docs = [{ kind: "alert", id: "nope" } as const, { kind: "alert", id: RECORD.id } as const];
    const reads = { locks: [], markers: [], budgets: [], sets: [], indexes: [], docs };
    assert.deepEqual((await store.guardValues(reads)).docs, [undefined, doc]);
    if (rev === 4) continue;
    await store.commit({ checks: [], writes: [{ write: "put", kind: "alert", id: RECORD.id, body: RECORD }] });
    assert.match((await admin.get(name)) ?? "", /^4 \{"id":.*"times":\[2000,1000,2500\]/);
  }
});

it("a timeline and a journal that older versions began are read and gone on with", async () => {
  const line = { at: 5, kind: "step", text: "a succeeded", by: "stanch", runId: "run-1" };
  await admin.rpush(keys.list("timeline:inc-1"), JSON.stringify(line));
  await store.commit({ checks: [], writes: [{ write: "append", list: "timeline:inc-1", items: [line] }] });
  assert.deepEqual(await store.list("timeline:inc-1"), [line, line]);
  const events = Array.from({ length: 9 }, (_, n) => ({ type: "outcome", path: "redeploy", n }));
  await admin.rpush(keys.list("run:run-1"), ...events.map((one) => JSON.stringify(one)));
  await store.commit({ checks: [], writes: [{ write: "seal", list: "run:run-1", items: events }] });
  assert.deepEqual((await store.loadRun("run-1")).events, events);
  assert.match((await admin.lindex(keys.list("run:run-1"), 0)) ?? "", /^z1 /);
  assert.equal(await admin.llen(keys.list("run:run-1")), 9);
});
