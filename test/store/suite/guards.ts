import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { GuardReads, Write } from "../../../src/core/store.ts";
import { type MakeSubject, type Subject, write } from "./subject.ts";

const NOTHING: GuardReads = { locks: [], markers: [], budgets: [], sets: [], indexes: [], docs: [] };

const pause = (scope: string, more: object = {}): Write => {
  return { write: "put", kind: "pause", id: scope, body: { by: "anna", reason: "r", at: 1, ...more } };
};
const reserve = (id: string, keep = 60_000): Write => ({ write: "reserve", budget: "b", id, keep });

export function guards(make: MakeSubject): void {
  describe("what guards read", () => {
    let subject: Subject;
    beforeEach(async () => {
      subject = await make();
    });

    it("all of it comes in one answer, in the order asked", async () => {
      const { store } = subject;
      await write(
        store,
        pause("target:x"),
        pause("global", { until: (await store.now()) + 60_000 }),
        pause("over", { until: (await store.now()) - 1 }),
        pause("playbook:gone"),
        { write: "delete", kind: "pause", id: "playbook:gone" },
        { write: "lock", locks: ["x"], owner: "run-1" },
        { write: "mark", marker: "m", for: 60_000 },
        reserve("r1"),
        reserve("r2"),
        { write: "add", set: "s", members: ["a", "b", "c"] },
        ...[1, 2, 3].map((score): Write => ({ write: "index", index: "i", member: `${score}`, score })),
        { write: "put", kind: "demotion", id: "p", body: { failures: 3 } },
      );
      const found = await store.guardValues({
        locks: ["none", "x"],
        markers: ["none", "m"],
        budgets: [
          { budget: "none", per: 60_000 },
          { budget: "b", per: 60_000 },
        ],
        sets: ["none", "s"],
        indexes: [
          { index: "i", min: 2 },
          { index: "none", min: 0 },
        ],
        docs: [
          { kind: "demotion", id: "none" },
          { kind: "demotion", id: "p" },
        ],
      });
      const { pauses, locks, markers, ...rest } = found;
      assert.deepEqual(pauses.map(({ scope }) => scope).toSorted(), ["global", "target:x"]);
      assert.deepEqual({ ...locks }, { x: "run-1" });
      assert.equal(markers[0], 0);
      assert.ok((markers[1] ?? 0) > 50_000);
      const docs = [undefined, { rev: 1, body: { failures: 3 } }];
      assert.deepEqual(rest, { budgets: [0, 2], sets: [0, 3], indexes: [2, 0], docs });
    });

    it("nothing asked, nothing found", async () => {
      const found = await subject.store.guardValues(NOTHING);
      assert.deepEqual({ ...found, locks: { ...found.locks } }, { ...NOTHING, pauses: [], locks: {} });
    });

    it("a reservation that is made again keeps its time, and a shorter one takes none away", async () => {
      const { store } = subject;
      await write(store, reserve("r1"));
      await subject.advance(150);
      await write(store, reserve("r1"));
      const counted = async (per: number) => {
        const { budgets } = await store.guardValues({ ...NOTHING, budgets: [{ budget: "b", per }] });
        return budgets[0];
      };
      assert.deepEqual([await counted(140), await counted(60_000), await store.spent("b", 140)], [0, 1, 0]);
      await write(store, reserve("r2", 200));
      await subject.advance(250);
      assert.equal(await counted(60_000), 2);
    });

    it("who waits for a lock is woken though another's name begins with theirs", async () => {
      const { store } = subject;
      await write(store, { write: "lock", locks: ["x"], owner: "a" });
      for (const member of ["run:bcd", "run:bc"])
        await write(store, { write: "await", locks: ["x"], owner: member, member });
      await write(store, { write: "unlock", locks: ["x"], owner: "a" });
      assert.deepEqual((await store.due(9)).map(({ member }) => member).toSorted(), ["run:bc", "run:bcd"]);
    });
  });
}
