import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { doing, fixedBy, lampOf, lasting, plain, shorten } from "../../src/chat/words.ts";
import type { RunView } from "../../src/core/views.ts";
import { NOON, runOf, viewOf } from "../support/slack-desk.ts";

describe("plain", () => {
  test("is one line without control, zero-width or direction characters, within its limit", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), fc.integer({ min: 5, max: 200 }), (text, max) => {
        const line = plain(text, max);
        assert.ok(line.length <= max + 2);
        assert.doesNotMatch(line, /\p{Cc}|\p{Cs}|[\u202A-\u202E\u200B-\u200F\u2028\u2029\u2066\u2067]/u);
      }),
    );
  });

  test("keeps words apart, emoji whole and secrets out", () => {
    assert.equal(plain(" a\tb\r\nc  d "), "a b c d");
    assert.equal(plain("😀😀😀", 4), "😀…");
    assert.equal(plain("token xoxb-1234567890-abc"), "token [redacted]");
    assert.equal(plain("\u001b[31mred\u0007"), "[31mred");
  });

  test("isolates right-to-left text, so that it does not reorder the line around it", () => {
    assert.equal(plain("שגיאה 5"), "\u2068שגיאה 5\u2069");
  });

  test("shorten leaves what has room", () => {
    assert.equal(shorten("abc", 3), "abc");
    assert.equal(shorten("abcd", 3), "ab…");
  });
});

test("lasting is said as people say it", () => {
  const cases = [
    [45_000, "45 s"],
    [120_000, "2 min"],
    [3_600_000, "1 h"],
    [7_500_000, "2 h 5 min"],
    [172_800_000, "2 d"],
    [190_800_000, "2 d 5 h"],
    [-5, "0 s"],
  ] as const;
  for (const [length, words] of cases) assert.equal(lasting(length), words);
});

test("what is going on: the question first, then what runs, then why nothing does", () => {
  const unknown = runOf({ id: "run-2", state: { kind: "unknown_outcome" }, sentence: "did it happen?" });
  assert.equal(doing(viewOf({ runs: [runOf(), unknown] })), "gateway-fallback: did it happen?");
  assert.equal(doing(viewOf()), "watching; no playbook has run");
  const over = runOf({ state: { kind: "failed" } });
  assert.equal(
    doing(viewOf({ incident: { escalatedAt: NOON }, runs: [over] })),
    "out of playbooks; people were called",
  );
  assert.equal(doing(viewOf({ incident: { escalatedAt: NOON } })), "no playbook runs for it; people were called");
});

test("what fixed it is the last run that changed something and measured the recovery", () => {
  const won = (id: string, minute: number, more: Partial<RunView> = { recovery: "measured" }) =>
    runOf({
      id,
      playbook: id,
      state: { kind: "succeeded" },
      endedAt: new Date(NOON + minute * 60_000).toISOString(),
      ...more,
    });
  const by = (...runs: RunView[]) => fixedBy(viewOf({ runs }));
  assert.equal(by(won("b", 9), won("a", 3), runOf()), "fixed by b on http:gateway");
  assert.equal(by(won("a", 3), won("restore", 9, {})), "fixed by a on http:gateway");
  const unmeasured = won("b", 9, { recovery: "unmeasured" });
  assert.equal(by(won("a", 3), unmeasured), "it recovered after b on http:gateway, which measured nothing");
  assert.equal(by(won("looks", 3, {})), "it recovered; no run that succeeded had changed anything");
  assert.equal(fixedBy(viewOf()), "it recovered without a successful run");
});

test("what was undone while the alert still fired, or followed by more alerts, has not fixed it", () => {
  const endedAt = new Date(NOON + 60_000).toISOString();
  const run = runOf({ state: { kind: "succeeded" }, recovery: "measured", endedAt });
  const late = NOON + 120_000;
  for (const incident of [{ exposed: { "http:gateway": late } }, { joinedAt: late }, { raisedAt: late }]) {
    const said = "it recovered after gateway-fallback on http:gateway, which had not held";
    assert.equal(fixedBy(viewOf({ incident, runs: [run] })), said);
  }
  const elsewhere = viewOf({ incident: { exposed: { "http:other": late } }, runs: [run] });
  assert.equal(fixedBy(elsewhere), "fixed by gateway-fallback on http:gateway");
});

test("what a person's run has made ends as that has, and has not recovered", () => {
  const over = { status: "resolved", resolvedAt: NOON } as const;
  const ended = (kind: "failed" | "succeeded") =>
    viewOf({ incident: over, total: 0, firing: 0, runs: [runOf({ state: { kind } })] });
  assert.equal(fixedBy(ended("failed")), "gateway-fallback on http:gateway: failed");
  assert.equal(fixedBy(ended("succeeded")), "gateway-fallback on http:gateway: succeeded");
  assert.deepEqual([lampOf(ended("failed")), lampOf(ended("succeeded"))], ["⚪", "🟢"]);
  assert.equal(lampOf(viewOf({ incident: over, firing: 0 })), "🟢");
});
