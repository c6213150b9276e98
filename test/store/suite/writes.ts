import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { holds, type MakeSubject, type Subject, write } from "./subject.ts";

export function writes(make: MakeSubject): void {
  describe("writes and reads", () => {
    let subject: Subject;
    beforeEach(async () => {
      subject = await make();
    });

    it("documents keep their body and count their revisions", async () => {
      const { store } = subject;
      const body = { text: "ü \n \u0000 \"{'", number: 1.5, nothing: null, list: [1, "2"] };
      await write(store, { write: "put", kind: "incident", id: "i1", body });
      await write(store, { write: "put", kind: "incident", id: "i1", body: { ...body, number: 2 } });
      assert.deepEqual(await store.get("incident", "i1"), { rev: 2, body: { ...body, number: 2 } });
      assert.equal(await store.get("alert", "i1"), undefined);
      const many = await store.getMany("incident", ["nope", "i1"]);
      assert.deepEqual(
        many.map((doc) => doc?.rev),
        [undefined, 2],
      );
      assert.deepEqual(await store.getMany("incident", []), []);
    });

    it("lists are appended to, read in parts and dropped", async () => {
      const { store } = subject;
      await write(store, { write: "append", list: "l", items: [] });
      await write(
        store,
        { write: "append", list: "l", items: [{ n: 0 }, { n: 1 }] },
        { write: "append", list: "l", items: [{ n: 2 }] },
      );
      assert.deepEqual(await store.list("l"), [{ n: 0 }, { n: 1 }, { n: 2 }]);
      assert.deepEqual(await store.list("l", 1), [{ n: 1 }, { n: 2 }]);
      assert.deepEqual(await store.list("l", 1, 1), [{ n: 1 }]);
      assert.deepEqual(await store.list("l", 0, 0), []);
      assert.equal(await store.length("l"), 3);
      await write(store, { write: "drop", list: "l" });
      assert.deepEqual(await store.list("l"), []);
    });

    it("a sealed list reads as before, in parts too, and is appended to", async () => {
      const { store } = subject;
      const items = Array.from({ length: 40 }, (_, n) => ({ type: "outcome", path: "redeploy", n }));
      await write(store, { write: "append", list: "l", items }, { write: "seal", list: "l", items });
      const later = { n: 40 };
      await write(store, { write: "append", list: "l", items: [later] });
      assert.equal(await store.length("l"), 41);
      assert.deepEqual(await store.list("l"), [...items, later]);
      assert.deepEqual(await store.list("l", 38), [...items.slice(38), later]);
      assert.deepEqual(await store.list("l", 0, 2), items.slice(0, 2));
      assert.deepEqual(await store.list("l", 39, 1), items.slice(39));
      assert.deepEqual(await store.list("l", 40, 1), [later]);
      assert.deepEqual(await store.list("l", 41), []);
      const again = [...items, later];
      await write(store, { write: "seal", list: "l", items: again });
      assert.deepEqual(await store.list("l"), again);
      assert.equal(await holds(store, { check: "length", list: "l", is: 41 }), true);
      await write(store, { write: "drop", list: "l" });
      assert.equal(await store.length("l"), 0);
    });

    it("a run's journal is loaded from its seal", async () => {
      const { store } = subject;
      const items = Array.from({ length: 9 }, (_, n) => ({ type: "outcome", path: "redeploy", n }));
      await write(store, { write: "append", list: "run:r", items }, { write: "seal", list: "run:r", items });
      assert.deepEqual((await store.loadRun("r")).events, items);
    });

    it("a list that has other items than the seal says is left as it is", async () => {
      const { store } = subject;
      const items = Array.from({ length: 9 }, (_, n) => ({ type: "outcome", path: "redeploy", n }));
      await write(store, { write: "append", list: "l", items }, { write: "seal", list: "l", items: items.slice(1) });
      await write(store, { write: "seal", list: "none", items });
      assert.deepEqual(await store.list("l"), items);
      assert.equal(await store.length("none"), 0);
    });

    it("appends 3,000 items at once", async () => {
      const items = Array.from({ length: 3_000 }, (_, n) => ({ n }));
      await write(subject.store, { write: "append", list: "l", items });
      assert.deepEqual(await subject.store.list("l", 2_999), [{ n: 2_999 }]);
    });

    it("sets and hash fields", async () => {
      const { store } = subject;
      await write(
        store,
        { write: "add", set: "s", members: ["a", "b", "a"] },
        { write: "remove", set: "s", members: ["b", "c"] },
      );
      assert.deepEqual(await store.members("s"), ["a"]);
      assert.equal(await store.size("s"), 1);
      assert.equal(await store.size("none"), 0);
      await write(store, { write: "field", hash: "h", field: "f", value: "v" });
      assert.equal(await store.field("h", "f"), "v");
      assert.equal(await store.field("h", "g"), undefined);
      assert.deepEqual({ ...(await store.fields("h")) }, { f: "v" });
      assert.deepEqual({ ...(await store.fields("none")) }, {});
    });

    it("locks name their owners", async () => {
      const { store } = subject;
      await write(store, { write: "lock", locks: ["x", "y"], owner: "run-1" });
      assert.deepEqual({ ...(await store.locks(["x", "z"])) }, { x: "run-1" });
      assert.deepEqual({ ...(await store.locks([])) }, {});
    });

    it("a freed lock wakes what waits for it, once, and nobody else's does", async () => {
      const { store } = subject;
      const waits = (member: string, ...locks: string[]) =>
        ({ write: "await", locks, owner: member, member: `run:${member}` }) as const;
      const free = (owner: string, ...locks: string[]) =>
        store.commit({ checks: [], writes: [{ write: "unlock", locks, owner }] });
      await write(store, { write: "lock", locks: ["x", "y"], owner: "a" }, { write: "lock", locks: ["z"], owner: "b" });
      await write(store, waits("c", "w", "y"), waits("c", "y"), waits("d", "x", "z"), waits("a", "x", "w"));
      await write(store, { write: "due", member: "run:c", at: 4e12 });
      assert.equal("woken" in (await free("b", "x", "y")), false);
      const freed = await free("a", "x", "y");
      assert.ok(freed.ok);
      assert.deepEqual([...(freed.woken ?? [])].sort(), ["run:c", "run:d"]);
      assert.deepEqual((await store.due(9)).map(({ member }) => member).sort(), ["run:c", "run:d"]);
      await write(store, { write: "lock", locks: ["x", "y"], owner: "c" });
      assert.equal("woken" in (await free("c", "x", "y")), false, "it is said once");
      assert.deepEqual({ ...(await store.locks(["x", "y", "z", "waiting x"])) }, { z: "b" });
    });

    it("markers tell how long they stand", async () => {
      const { store } = subject;
      assert.equal(await store.remaining("m"), 0);
      await write(store, { write: "mark", marker: "m", for: 10_000 });
      const left = await store.remaining("m");
      assert.ok(left > 9_000 && left <= 10_000, `${left}`);
      await write(store, { write: "mark", marker: "m", for: 0 });
      assert.equal(await store.remaining("m"), 0);
    });

    it("budgets count what was reserved within the window and forget what is older than they keep", async () => {
      const { store } = subject;
      await write(store, { write: "reserve", budget: "b", id: "r1", keep: 60_000 });
      await subject.advance(160);
      await write(store, { write: "reserve", budget: "b", id: "r2", keep: 60_000 });
      assert.equal(await store.spent("b", 60_000), 2);
      assert.equal(await store.spent("b", 150), 1);
      await subject.advance(15);
      await write(store, { write: "reserve", budget: "b", id: "r3", keep: 10 });
      assert.equal(await store.spent("b", 60_000), 1);
    });

    it("counters count from 1", async () => {
      assert.deepEqual([await subject.store.next("incident"), await subject.store.next("incident")], [1, 2]);
      assert.equal(await subject.store.next("other"), 1);
    });

    it("pauses lists what is paused now", async () => {
      const { store } = subject;
      const body = { by: "anna", reason: "maintenance", at: 5 };
      await write(
        store,
        { write: "put", kind: "pause", id: "global", body },
        { write: "put", kind: "pause", id: "target:t", body: { ...body, until: 7 } },
        { write: "put", kind: "pause", id: "incident:1", body },
        { write: "delete", kind: "pause", id: "incident:1" },
      );
      assert.deepEqual(await store.pauses(), [{ scope: "global", ...body }]);
    });

    it("what is to expire goes at its time, and a put keeps a document for good", async () => {
      const { store } = subject;
      const at = (await store.now()) + 150;
      await store.claim("r", 1);
      await write(
        store,
        { write: "put", kind: "alert", id: "a", body: {} },
        { write: "put", kind: "alert", id: "b", body: {} },
        { write: "append", list: "l", items: [{}] },
        { write: "append", list: "kept", items: [{}] },
        { write: "expire", what: "doc", name: "alert:a", at },
        { write: "expire", what: "doc", name: "alert:b", at },
        { write: "expire", what: "list", name: "l", at },
        { write: "expire", what: "claim", name: "r", at },
        { write: "release", run: "r", epoch: 1 },
        { write: "expire", what: "list", name: "kept", at },
        { write: "expire", what: "list", name: "kept", at: null },
        { write: "put", kind: "alert", id: "b", body: {} },
      );
      await subject.advance(160);
      assert.equal(await store.get("alert", "a"), undefined);
      assert.equal((await store.get("alert", "b"))?.rev, 2);
      assert.equal((await store.claim("r", 1))?.epoch, 1);
      assert.deepEqual([await store.length("l"), await store.length("kept")], [0, 1]);
    });
  });
}
