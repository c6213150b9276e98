import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { Check, Write } from "../../../src/core/store.ts";
import { holds, type MakeSubject, type Subject, write } from "./subject.ts";

type Row = { when: string; given?: Write[]; passing?: number; check: Check; is: boolean };

const PAUSE = { by: "anna", reason: "hands off", at: 1 };
const rev = (n: number): Check => ({ check: "rev", kind: "alert", id: "a", rev: n });
const put: Write = { write: "put", kind: "alert", id: "a", body: { x: 1 } };
const under = (limit: number, per: number, id = "r9"): Check => ({ check: "under", budget: "b", id, limit, per });
const reserve = (id: string): Write => ({ write: "reserve", budget: "b", id, keep: 60_000 });
const below = (limit: number, member = "z"): Check => ({ check: "below", set: "s", member, limit });
const free = (...locks: string[]): Check => ({ check: "free", locks, owner: "run-1" });
const held = (...locks: string[]): Check => ({ check: "held", locks, owner: "run-1" });
const lock = (owner: string, ...locks: string[]): Write => ({ write: "lock", locks, owner });
const field = (is: string | null): Check => ({ check: "field", hash: "h", field: "f", is });
const setField = (value: string | null): Write => ({ write: "field", hash: "h", field: "f", value });
const unpaused = (...scopes: string[]): Check => ({ check: "unpaused", scopes });
const pause = (id: string, more: object = {}): Write => ({
  write: "put",
  kind: "pause",
  id,
  body: { ...PAUSE, ...more },
});
const mark = (ms: number): Write => ({ write: "mark", marker: "m", for: ms });
const elapsed: Check = { check: "elapsed", marker: "m" };

const ROWS: Row[] = [
  { when: "no document: revision 0", check: rev(0), is: true },
  { when: "no document: not revision 1", check: rev(1), is: false },
  { when: "one put: revision 1", given: [put], check: rev(1), is: true },
  { when: "two puts: revision 2", given: [put, put], check: rev(2), is: true },
  { when: "two puts: not revision 1", given: [put, put], check: rev(1), is: false },
  { when: "deleted: revision 0", given: [put, { write: "delete", kind: "alert", id: "a" }], check: rev(0), is: true },
  { when: "no list: length 0", check: { check: "length", list: "l", is: 0 }, is: true },
  {
    when: "a list of two",
    given: [{ write: "append", list: "l", items: [{}, {}] }],
    check: { check: "length", list: "l", is: 2 },
    is: true,
  },
  {
    when: "a list of two is not one of one",
    given: [{ write: "append", list: "l", items: [{}, {}] }],
    check: { check: "length", list: "l", is: 1 },
    is: false,
  },
  { when: "no field: null", check: field(null), is: true },
  { when: "no field: not the empty string", check: field(""), is: false },
  { when: "a field with its value", given: [setField("v")], check: field("v"), is: true },
  { when: "a field with the empty value", given: [setField("")], check: field(""), is: true },
  { when: "a field with another value", given: [setField("v")], check: field("w"), is: false },
  { when: "a field that is there is not null", given: [setField("v")], check: field(null), is: false },
  { when: "a field that was removed", given: [setField("v"), setField(null)], check: field(null), is: true },
  { when: "locks nobody holds", check: free("x", "y"), is: true },
  { when: "no locks at all", check: free(), is: true },
  { when: "locks that are mine", given: [lock("run-1", "x")], check: free("x", "y"), is: true },
  { when: "one lock is another's", given: [lock("run-2", "y")], check: free("x", "y"), is: false },
  {
    when: "another let go",
    given: [lock("run-2", "y"), { write: "unlock", locks: ["y"], owner: "run-2" }],
    check: free("y"),
    is: true,
  },
  {
    when: "only the owner lets go",
    given: [lock("run-2", "y"), { write: "unlock", locks: ["y"], owner: "run-1" }],
    check: free("y"),
    is: false,
  },
  { when: "nobody holds one", check: held("x"), is: false },
  { when: "what is held is mine", given: [lock("run-1", "x")], check: held("x", "y"), is: false },
  { when: "one is held by another", given: [lock("run-2", "y")], check: held("x", "y"), is: true },
  {
    when: "who held it let go",
    given: [lock("run-2", "y"), { write: "unlock", locks: ["y"], owner: "run-2" }],
    check: held("y"),
    is: false,
  },
  { when: "no pause", check: unpaused("global", "target:t"), is: true },
  { when: "a pause of another scope", given: [pause("target:u")], check: unpaused("global", "target:t"), is: true },
  { when: "a pause without end", given: [pause("target:t")], check: unpaused("global", "target:t"), is: false },
  {
    when: "a pause that was lifted",
    given: [pause("global"), { write: "delete", kind: "pause", id: "global" }],
    check: unpaused("global"),
    is: true,
  },
  {
    when: "a pause with an end that cannot be read",
    given: [pause("global", { until: "tomorrow" })],
    check: unpaused("global"),
    is: false,
  },
  { when: "a pause whose end has passed", given: [pause("global", { until: 5 })], check: unpaused("global"), is: true },
  {
    when: "a pause whose end is to come",
    given: [pause("global", { until: 4e12 })],
    check: unpaused("global"),
    is: false,
  },
  { when: "no marker", check: elapsed, is: true },
  { when: "a marker that stands", given: [mark(60_000)], check: elapsed, is: false },
  { when: "a marker that ran out", given: [mark(20)], passing: 25, check: elapsed, is: true },
  { when: "nothing reserved", check: under(1, 1_000), is: true },
  { when: "a budget of none", check: under(0, 1_000), is: false },
  { when: "one reserved of one", given: [reserve("r1")], check: under(1, 60_000), is: false },
  { when: "one reserved of two", given: [reserve("r1")], check: under(2, 60_000), is: true },
  { when: "my own does not count", given: [reserve("r9")], check: under(1, 60_000), is: true },
  { when: "reserving twice counts once", given: [reserve("r1"), reserve("r1")], check: under(2, 60_000), is: true },
  {
    when: "given back",
    given: [reserve("r1"), { write: "unreserve", budget: "b", id: "r1" }],
    check: under(1, 60_000),
    is: true,
  },
  { when: "outside the window", given: [reserve("r1")], passing: 30, check: under(1, 20), is: true },
  {
    when: "my own outside the window takes nothing off",
    given: [reserve("r9")],
    passing: 30,
    check: under(0, 20),
    is: false,
  },
  { when: "an empty set is below one", check: below(1), is: true },
  {
    when: "a set of two is not below two",
    given: [{ write: "add", set: "s", members: ["a", "b"] }],
    check: below(2),
    is: false,
  },
  {
    when: "being a member oneself does not count",
    given: [{ write: "add", set: "s", members: ["a", "z"] }],
    check: below(2),
    is: true,
  },
  { when: "no set is empty", check: { check: "empty", set: "s" }, is: true },
  {
    when: "a set with a member is not empty",
    given: [{ write: "add", set: "s", members: ["a"] }],
    check: { check: "empty", set: "s" },
    is: false,
  },
  {
    when: "a set that lost its members is empty",
    given: [
      { write: "add", set: "s", members: ["a"] },
      { write: "remove", set: "s", members: ["a"] },
    ],
    check: { check: "empty", set: "s" },
    is: true,
  },
  { when: "no claim", check: { check: "claim", run: "r", epoch: 1 }, is: false },
];

export function checks(make: MakeSubject): void {
  describe("checks", () => {
    let subject: Subject;
    beforeEach(async () => {
      subject = await make();
    });

    for (const { when, given = [], passing = 0, check, is } of ROWS) {
      it(`${check.check}: ${when}`, async () => {
        await write(subject.store, ...given);
        await subject.advance(passing);
        assert.equal(await holds(subject.store, check), is);
      });
    }

    it("claim: holds for its epoch until it is released or taken by another", async () => {
      const { store } = subject;
      await store.claim("r", 20);
      assert.equal(await holds(store, { check: "claim", run: "r", epoch: 1 }), true);
      assert.equal(await holds(store, { check: "claim", run: "r", epoch: 2 }), false);
      await subject.advance(25);
      assert.equal(await holds(store, { check: "claim", run: "r", epoch: 1 }), true);
      await store.claim("r", 1_000);
      assert.equal(await holds(store, { check: "claim", run: "r", epoch: 1 }), false);
      await write(store, { write: "release", run: "r", epoch: 2 });
      assert.equal(await holds(store, { check: "claim", run: "r", epoch: 2 }), false);
    });

    it("the first check that fails is named, and nothing is written", async () => {
      const { store } = subject;
      const failing = rev(7);
      const checked = [rev(0), failing, free("x")];
      const committed = await store.commit({ checks: checked, writes: [put, lock("run-1", "x")] });
      assert.deepEqual(committed, { ok: false, now: committed.now, failed: failing });
      assert.equal(await store.get("alert", "a"), undefined);
      assert.deepEqual(await store.locks(["x"]), {});
    });
  });
}
