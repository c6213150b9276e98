import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import type { Check, Store, Tx, Write } from "../../src/core/store.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { startRedisStore } from "../support/redis-store.ts";
import { group } from "./suite/subject.ts";

const { admin, ...real } = await startRedisStore({ appendonly: "no" });

const IDS = ["a", "b", "c"];
const INDEXES = ["x", "y"];
const id = fc.constantFrom(...IDS);
const index = fc.constantFrom(...INDEXES);
const score = fc.integer({ min: 1, max: 5 });

const check: fc.Arbitrary<Check> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ check: fc.constant("rev" as const), kind: kindOf(), id, rev: fc.constant(0) }) },
  fc.record({ check: fc.constant("rev" as const), kind: kindOf(), id, rev: score }),
  fc.record({
    check: fc.constant("first" as const),
    source: fc.constant("alertmanager" as const),
    fingerprint: fc.constantFrom("f1", "f2", "never seen"),
  }),
);
const write: fc.Arbitrary<Write> = fc.oneof(
  fc.record({
    write: fc.constant("put" as const),
    kind: kindOf(),
    id,
    body: fc.record({ by: fc.constantFrom("ä", "b"), reason: fc.constant("r"), at: score }),
  }),
  fc.record({ write: fc.constant("delete" as const), kind: kindOf(), id }),
  fc.record({ write: fc.constant("index" as const), index, member: id, score }),
  fc.record({ write: fc.constant("unindex" as const), index, member: id }),
  fc.record({ write: fc.constant("trim" as const), index, below: score }),
);
const tx: fc.Arbitrary<Tx> = fc.record({
  checks: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(check, { maxLength: 5 })),
  writes: fc.array(write, { maxLength: 6 }),
});

function kindOf() {
  return fc.constantFrom("incident" as const, "lease" as const, "pause" as const);
}

it("what a transaction folds together has the outcome of one after another", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(tx, { minLength: 1, maxLength: 8 }), async (all) => {
      await admin.flushall();
      const twin = createMemoryStore();
      for (const { intake } of [real, twin]) {
        await intake.accept(...group([{ fingerprint: "f1" }, { fingerprint: "f2", status: "resolved" }]));
      }
      for (const one of all) {
        const [ours, theirs] = await Promise.all([real.store, twin.store].map((store) => outcome(store, one)));
        assert.deepEqual(ours, theirs);
      }
    }),
    { numRuns: 300 },
  );
});

async function outcome(store: Store, one: Tx): Promise<unknown> {
  const answer = await store.commit(one);
  const failed = answer.ok ? undefined : answer.failed;
  const kinds = ["incident", "lease", "pause"] as const;
  const docs = await Promise.all(kinds.map((kind) => store.getMany(kind, IDS)));
  const pages = await Promise.all(INDEXES.map((name) => store.page(name, { limit: 9 })));
  const pauses = (await store.pauses()).map(({ scope }) => scope).sort();
  return { failed, docs, pages, pauses };
}

it("3,000 documents are created in one commit, and of 3,000 that should be new the first known one is named", async () => {
  const ids = Array.from({ length: 3_000 }, (_, number) => `many-${number}`);
  const checks = ids.map((one): Check => ({ check: "rev", kind: "lease", id: one, rev: 0 }));
  const writes = ids.flatMap((one, number): Write[] => [
    { write: "put", kind: "lease", id: one, body: { number } },
    { write: "index", index: "many", member: one, score: number },
  ]);
  await real.store.commit({ checks: [], writes: [{ write: "put", kind: "lease", id: "many-2001", body: {} }] });
  const refused = await real.store.commit({ checks, writes });
  assert.deepEqual(refused.ok || refused.failed, checks[2_001]);
  await real.store.commit({ checks: [], writes: [{ write: "delete", kind: "lease", id: "many-2001" }] });
  assert.equal((await real.store.commit({ checks, writes })).ok, true);
  assert.deepEqual((await real.store.get("lease", "many-2999"))?.body, { number: 2_999 });
  assert.equal((await real.store.range("many", 0, 9_999, 9_999)).length, 3_000);
});

it("a new document whose retention was set before it in the same commit is kept for good", async () => {
  const put: Write = { write: "put", kind: "lease", id: "kept", body: {} };
  const expire: Write = { write: "expire", what: "doc", name: "lease:kept", at: Date.now() + 60_000 };
  const checks: Check[] = [{ check: "rev", kind: "lease", id: "kept", rev: 0 }];
  await real.store.commit({ checks, writes: [expire, put] });
  assert.equal(await admin.pttl("{stanch}:doc:lease:kept"), -1);
});
