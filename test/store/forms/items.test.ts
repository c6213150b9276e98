import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import type { TimelineEntry } from "../../../src/core/timeline.ts";
import { isBehindSeal, readItems, sealItems, writeItem } from "../../../src/store/forms/items.ts";

const text = fc.oneof(fc.string(), fc.constantFrom("ü", "\n", "z1 ", "stanch", ""));
const line: fc.Arbitrary<TimelineEntry> = fc.record(
  {
    at: fc.integer({ min: 0, max: 2 ** 42 }),
    kind: fc.constantFrom("run" as const, "step" as const, "decision" as const),
    text,
    by: text,
    runId: text,
    notify: fc.array(text, { maxLength: 2 }),
    origin: fc.constant("thread" as const),
  },
  { requiredKeys: ["at", "kind", "text", "by"] },
);
/** Items of a list that has no form of its own; a journal's events are such. */
const event = fc.record({ type: text, at: fc.nat(), input: fc.dictionary(text, text, { noNullPrototype: true }) });
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value));

it("a timeline's line is read as it was written", () => {
  fc.assert(
    fc.property(line, (one) => {
      const stored = writeItem("timeline:inc-1", one);
      assert.deepEqual(readItems("timeline:inc-1", [stored]), [plain(one)]);
      assert.ok(stored.length <= JSON.stringify(one).length);
    }),
  );
});

it("lines that older versions stored are read as they are", () => {
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const stored = lines.map((one) => JSON.stringify(one));
      assert.deepEqual(readItems("timeline:inc-1", stored), plain(lines));
    }),
  );
});

it("what is stored of a line are its parts in their order", () => {
  const one = { at: 5, kind: "step", text: "a succeeded", by: "stanch" } as const;
  const stored = (more: object): string => writeItem("timeline:inc-1", { ...one, ...more });
  assert.equal(stored({}), '[5,"step","a succeeded"]');
  assert.equal(stored({ runId: "run-1" }), '[5,"step","a succeeded","run-1"]');
  assert.equal(stored({ by: "anna" }), '[5,"step","a succeeded","","anna"]');
  assert.equal(stored({ origin: "thread" }), JSON.stringify({ ...one, origin: "thread" }));
  assert.equal(writeItem("run:run-1", one), JSON.stringify(one));
});

it("a sealed list is as long as before and has the same items, with what is appended to it", () => {
  const journal = fc.array(event, { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(journal, fc.array(event, { maxLength: 3 }), (events, later) => {
      const sealed = sealItems("run:r", events);
      if (sealed === undefined) return;
      assert.equal(sealed.length, events.length);
      assert.ok(sealed.join("\n").length < JSON.stringify(events).length);
      const texts = [...sealed, ...later.map((one) => writeItem("run:r", one))];
      assert.deepEqual(readItems("run:r", texts), plain([...events, ...later]));
      assert.equal(isBehindSeal(texts), false);
      assert.equal(isBehindSeal(texts.slice(1)), events.length > 1);
    }),
  );
});

const STEPS = ["stopped", "redeploy", "scale"].flatMap((path, n) => [
  {
    type: "intent",
    at: 1_795_298_974_000 + n,
    path,
    uses: "ecs.redeploy",
    effect: "disruptive",
    input: { service: "a" },
  },
  { type: "outcome", at: 1_795_298_974_100 + n, path, outcome: "succeeded", output: {} },
]);

it("a journal is sealed to less than half; what would not get shorter, or is too large, is not sealed", () => {
  const sealed = sealItems("run:r", STEPS) ?? [];
  assert.ok(sealed.join("").length < JSON.stringify(STEPS).length / 2);
  assert.equal(sealItems("run:r", []), undefined);
  assert.equal(sealItems("run:r", [{ n: 1 }]), undefined);
  const large = Array.from({ length: 3_000 }, () => STEPS).flat();
  assert.equal(sealItems("run:r", large), undefined);
});

it("what was sealed by the first packing is read for ever", () => {
  const sealed =
    "z1 wxXflqZGlhaW5ibgUhzqi+KSfGg1iT12sccMljhIVKqt5cIZajCrDbFaTTDQuAh7yRBuLmbapLWfsNpNDU8ZIQIrORGc+unkI0yLCXoHAA==";
  assert.deepEqual(readItems("run:r", [sealed, ...STEPS.slice(1).map(() => "")]), STEPS);
});
