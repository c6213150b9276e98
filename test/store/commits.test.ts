import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Tx, Write } from "../../src/core/store.ts";
import { startRedisStore } from "../support/redis-store.ts";

const { admin, store } = await startRedisStore();

const appending = (list: string, is: number): Tx => ({
  checks: [
    { check: "empty", set: "nothing" },
    { check: "length", list, is },
  ],
  writes: [{ write: "append", list, items: [{ list }] }],
});

const setTo = (value: string | null): Extract<Write, { write: "field" }> => ({
  write: "field",
  hash: "texts",
  field: "",
  value,
});

/** How many scripts Redis has run. */
async function scripts(): Promise<number> {
  const stats = await admin.info("commandstats");
  return [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0);
}

describe("commits of one turn of the event loop", () => {
  it("leave as one call, and each has its own answer", async () => {
    await store.commit({ checks: [], writes: [{ write: "lock", locks: ["l"], owner: "holder" }] });
    await store.commit({ checks: [], writes: [{ write: "await", locks: ["l"], owner: "r", member: "run:r" }] });
    const before = await scripts();
    const answers = await Promise.all([
      store.commit(appending("a", 0)),
      store.commit(appending("b", 7)),
      store.commit({ checks: [], writes: [{ write: "unlock", locks: ["l"], owner: "holder" }] }),
      store.commit(appending("a", 1)),
      store.commit(appending("a", 1)),
    ]);
    assert.equal(await scripts(), before + 1);
    assert.deepEqual(
      answers.map((one) => (one.ok ? (one.woken ?? "done") : one.failed)),
      ["done", { check: "length", list: "b", is: 7 }, ["run:r"], "done", { check: "length", list: "a", is: 1 }],
    );
    assert.deepEqual([await store.length("a"), await store.length("b")], [2, 0]);
  });

  it("one that Redis cannot carry out keeps no other from happening", async () => {
    await admin.set("{stanch}:list:broken", "not a list");
    const [first, broken, last] = await Promise.allSettled([
      store.commit(appending("c", 0)),
      store.commit({ checks: [], writes: [{ write: "append", list: "broken", items: [{}] }] }),
      store.commit(appending("d", 0)),
    ]);
    assert.deepEqual([first.status, last.status], ["fulfilled", "fulfilled"]);
    assert.equal(broken.status, "rejected");
    assert.match(String(broken.reason), /WRONGTYPE/);
    assert.deepEqual([await store.length("c"), await store.length("d")], [1, 1]);
  });

  it("are refused as unavailable where Redis refuses to write, each for itself", async () => {
    await admin.config("SET", "maxmemory", "1");
    const results = await Promise.allSettled([store.commit(appending("e", 0)), store.commit(appending("f", 0))]);
    await admin.config("SET", "maxmemory", "0");
    for (const result of results) {
      assert.equal(result.status, "rejected");
      assert.equal((result.reason as { code?: string }).code, "unavailable");
    }
    assert.deepEqual([await store.length("e"), await store.length("f")], [0, 0]);
  });

  for (const { what, value, kept = value } of [
    { what: "quotes, backslashes and what looks like an escape", value: 'a "b" \\ \\ud800 \\n' },
    { what: "control characters, NUL among them", value: "\u0000\u0001\t\n\u007f\u2028" },
    { what: "characters beyond the basic plane", value: "größe 日本 🧯 \u202eabc" },
    { what: "half a character, as UTF-8 has it", value: "a\ud83db", kept: "a\ufffdb" },
  ])
    it(`keep a text as it is: ${what}`, async () => {
      await store.commit({ checks: [], writes: [{ write: "field", hash: "texts", field: value, value }] });
      assert.deepEqual(await store.fields("texts"), { [kept]: kept });
      const check = { check: "field" as const, hash: "texts", field: value, is: value };
      assert.equal((await store.commit({ checks: [check], writes: [{ ...setTo(null), field: value }] })).ok, true);
    });

  it("beyond what one script should take they leave as several", async () => {
    const before = await scripts();
    const answers = await Promise.all(Array.from({ length: 150 }, (_, n) => store.commit(appending(`many-${n}`, 0))));
    assert.ok(answers.every(({ ok }) => ok));
    assert.equal(await scripts(), before + 10);
  });
});
