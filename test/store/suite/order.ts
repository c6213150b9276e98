import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { Write } from "../../../src/core/store.ts";
import { type MakeSubject, type Subject, write } from "./subject.ts";

const put = (member: string, score: number): Write => ({ write: "index", index: "i", member, score });

export function order(make: MakeSubject): void {
  describe("indexes, due and claims", () => {
    let subject: Subject;
    beforeEach(async () => {
      subject = await make();
    });

    const walk = async (limit: number, index: string | readonly string[] = "i"): Promise<readonly string[]> => {
      const seen: string[] = [];
      for (let cursor: string | undefined, pages = 0; pages < 20; pages++) {
        const page = await subject.store.page(index, cursor === undefined ? { limit } : { limit, cursor });
        seen.push(...page.members);
        if (page.next === undefined) return seen;
        cursor = page.next;
      }
      throw new Error("the pages do not end");
    };

    it("pages go newest first and lose nothing among equal scores", async () => {
      await write(subject.store, put("a", 1), put("d", 2), put("c", 2), put("b", 2), put("e", 3));
      for (const limit of [1, 2, 3, 5, 9]) assert.deepEqual(await walk(limit), ["e", "d", "c", "b", "a"]);
      assert.deepEqual(await subject.store.page("none", { limit: 3 }), { members: [] });
      assert.deepEqual(await subject.store.page([], { limit: 3 }), { members: [] });
    });

    it("several indexes are paged as one, also where a member has moved meanwhile", async () => {
      const { store } = subject;
      const inJ = (member: string, score: number) => ({ write: "index", index: "j", member, score }) as const;
      await write(store, put("a", 1), inJ("b", 1), put("c", 2), inJ("ü", 2), inJ("z", 2), put("e", 2), inJ("f", 3));
      const all = ["f", "ü", "z", "e", "c", "b", "a"];
      for (const limit of [1, 2, 3, 9]) assert.deepEqual(await walk(limit, ["i", "j", "none"]), all);
      const { members, next = "" } = await store.page(["i", "j"], { limit: 3 });
      assert.deepEqual(members, all.slice(0, 3));
      await write(store, { write: "unindex", index: "j", member: "z" }, put("z", 2));
      assert.deepEqual((await store.page(["i", "j"], { limit: 9, cursor: next })).members, all.slice(3));
    });

    it("a page goes on where it ended though its last member left or moved", async () => {
      const { store } = subject;
      await write(store, put("a", 1), put("d", 2), put("c", 2), put("b", 2), put("e", 3));
      const { next = "" } = await store.page("i", { limit: 3 });
      await write(store, put("f", 4), put("c", 9), { write: "unindex", index: "i", member: "e" });
      assert.deepEqual((await store.page("i", { limit: 9, cursor: next })).members, ["b", "a"]);
      assert.deepEqual(await walk(9), ["c", "f", "d", "b", "a"], "what moved is where it moved to");
      await write(store, { write: "unindex", index: "i", member: "c" });
      assert.deepEqual((await store.page("i", { limit: 9, cursor: next })).members, ["b", "a"]);
      assert.deepEqual(await walk(9), ["f", "d", "b", "a"]);
    });

    it("a cursor that is not ours is refused", async () => {
      for (const cursor of ["", "xyz", "WzFd"])
        await assert.rejects(subject.store.page("i", { limit: 1, cursor }), {
          name: "AppError",
          code: "invalid_request",
        });
    });

    it("ranges go oldest first, both ends included, and trimming removes what is below", async () => {
      const { store } = subject;
      await write(store, put("a", 1), put("b", 2), put("c", 3), put("d", 4));
      assert.deepEqual(await store.range("i", 2, 4, 2), ["b", "c"]);
      await write(store, { write: "trim", index: "i", below: 3 });
      assert.deepEqual(await store.range("i", 0, 9, 9), ["c", "d"]);
    });

    it("due gives what is due now, oldest first, and keeps it until undue", async () => {
      const { store } = subject;
      const now = await store.now();
      await write(
        store,
        { write: "due", member: "run:b", at: now - 5 },
        { write: "due", member: "run:a", at: now - 10 },
        { write: "due", member: "run:later", at: now + 60_000 },
        { write: "due", member: "run:gone", at: now - 1 },
        { write: "undue", member: "run:gone" },
      );
      assert.deepEqual(await store.due(9), [
        { member: "run:a", at: now - 10 },
        { member: "run:b", at: now - 5 },
      ]);
      assert.deepEqual(
        (await store.due(1)).map(({ member }) => member),
        ["run:a"],
      );
      await write(
        store,
        { write: "due", member: "run:a", at: now + 60_000 },
        { write: "due", member: "run:later", at: 1 },
      );
      assert.deepEqual(
        (await store.due(9)).map(({ member }) => member),
        ["run:later", "run:b"],
        "what is planned anew is due at its new time",
      );
    });

    it("a claim keeps others out until it ends, and makes the run due at its end", async () => {
      const { store } = subject;
      const first = await store.claim("r", 150);
      assert.equal(first?.epoch, 1);
      assert.equal(first.until - first.now, 150);
      assert.equal(await store.claim("r", 150), undefined);
      assert.deepEqual(await store.due(9), []);
      await subject.advance(160);
      assert.deepEqual(await store.due(9), [{ member: "run:r", at: first.until }]);
      const second = await store.claim("r", 60_000);
      assert.equal(second?.epoch, 2);
      await write(store, { write: "release", run: "r", epoch: 1 });
      assert.equal(await store.claim("r", 150), undefined);
      await write(store, { write: "release", run: "r", epoch: 2 });
      assert.equal((await store.claim("r", 150))?.epoch, 3);
    });

    it("a claim that depends on a member is refused while that is due later, and taken once it is due or not known", async () => {
      const { store } = subject;
      const claim = () => store.claim("c", 60_000, "chat:c");
      await write(store, { write: "due", member: "chat:c", at: (await store.now()) + 1_000 });
      assert.equal(await claim(), undefined);
      assert.deepEqual(await store.due(9), []);
      await subject.advance(850);
      const first = await claim();
      assert.equal(first?.epoch, 1, "a wake-up may come a little early");
      await write(store, { write: "release", run: "c", epoch: 1 });
      await write(store, { write: "due", member: "chat:c", at: 0 });
      assert.equal((await claim())?.epoch, 2);
      await write(store, { write: "release", run: "c", epoch: 2 });
      await write(store, { write: "undue", member: "chat:c" });
      assert.equal((await claim())?.epoch, 3);
    });

    it("a run can be claimed by the commit that creates it", async () => {
      const { store } = subject;
      const { now } = await store.commit({
        checks: [{ check: "length", list: "run:r", is: 0 }],
        writes: [
          { write: "append", list: "run:r", items: [{ e: 1 }] },
          { write: "due", member: "run:r", at: 0 },
          { write: "claim", run: "r", for: 150 },
        ],
      });
      assert.equal(await store.claim("r", 150), undefined);
      assert.deepEqual(await store.due(9), []);
      const held = { check: "claim", run: "r", epoch: 1 } as const;
      assert.equal((await store.commit({ checks: [held], writes: [] })).ok, true);
      await subject.advance(160);
      assert.deepEqual(await store.due(9), [{ member: "run:r", at: now + 150 }]);
      assert.equal((await store.claim("r", 150))?.epoch, 2);
    });

    it("loading a run gives its journal, its inbox and the time", async () => {
      const { store } = subject;
      assert.deepEqual((await store.loadRun("r")).events, []);
      await write(
        store,
        { write: "append", list: "run:r", items: [{ e: 1 }, { e: 2 }] },
        { write: "append", list: "inbox:r", items: [{ d: 1 }] },
      );
      const { events, inbox, now } = await store.loadRun("r");
      assert.deepEqual([events, inbox], [[{ e: 1 }, { e: 2 }], [{ d: 1 }]]);
      assert.ok(Math.abs(now - (await store.now())) < 1_000);
    });

    it("of 50 commits on one revision exactly one wins, with all its writes", async () => {
      const { store } = subject;
      const commits = Array.from({ length: 50 }, (_, n) =>
        store.commit({
          checks: [{ check: "rev", kind: "approval", id: "a", rev: 0 }],
          writes: [
            { write: "put", kind: "approval", id: "a", body: { n } },
            { write: "append", list: "timeline:i", items: [{ n }] },
          ],
        }),
      );
      const won = (await Promise.all(commits)).filter(({ ok }) => ok);
      assert.equal(won.length, 1);
      assert.equal((await store.get("approval", "a"))?.rev, 1);
      assert.equal(await store.length("timeline:i"), 1);
    });

    it("of 50 claims at once exactly one is given", async () => {
      const claims = await Promise.all(Array.from({ length: 50 }, () => subject.store.claim("r", 10_000)));
      assert.equal(claims.filter(Boolean).length, 1);
    });
  });
}
