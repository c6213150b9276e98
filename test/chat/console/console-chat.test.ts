import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createConsoleChat } from "../../../src/chat/index.ts";
import type { ChatState } from "../../../src/core/chat.ts";
import type { TimelineEntry } from "../../../src/core/timeline.ts";
import type { IncidentView } from "../../../src/core/views.ts";
import { approvalOf, entryOf, NOON, runOf, viewOf } from "../../support/slack-desk.ts";

function consoleOf(colour = false) {
  const lines: string[] = [];
  const chat = createConsoleChat({ write: (line) => lines.push(line), colour });
  let state: ChatState = { delivered: 0, approvals: {} };
  return {
    lines,
    async publish(view: IncidentView, timeline: readonly TimelineEntry[]): Promise<string[]> {
      const before = lines.length;
      const save = async (next: ChatState) => {
        state = next;
      };
      assert.deepEqual(await chat.publish(view, timeline.slice(state.delivered), state, save), { ok: true });
      return lines.slice(before);
    },
  };
}

describe("the console", () => {
  test("tells the life of an incident, each thing once, with the command to type", async () => {
    const screen = consoleOf();
    const approval = approvalOf();
    const entries = [entryOf("alert LiteLLMHighErrorRate fires"), entryOf("opened as P1", { kind: "incident" })];
    assert.deepEqual(await screen.publish(viewOf({ approvals: [approval] }), entries), [
      "🟠 inc-12 P1 open · LiteLLMHighErrorRate",
      "12:00:00 inc-12 🔔 alert LiteLLMHighErrorRate fires",
      "12:00:00 inc-12 🚨 opened as P1",
      "  approval apr-7f3a needed · P1 · gateway-fallback on http:gateway",
      "    1. set FALLBACK_ENABLED of gateway to true [reversible; undo: set FALLBACK_ENABLED back to false]",
      "    why: error_rate is 0.42 (rule 2: P1)",
      "    why: autonomy for P1 is approve",
      "    1 person of platform-oncall, until 12:15:05 UTC; it never runs by itself",
      "    approve: npm run stanch -- approve apr-7f3a",
      "    reject:  npm run stanch -- reject apr-7f3a",
    ]);
    assert.deepEqual(await screen.publish(viewOf({ approvals: [approval], firing: 9 }), entries), []);
    const vote = { by: "anna", person: "anna", via: "cli", at: NOON, decision: "approve" as const };
    const decided = { ...approval, status: "approved" as const, votes: [vote] };
    const won = runOf({ state: { kind: "succeeded" }, recovery: "measured" });
    const over = viewOf({
      incident: { status: "resolved", resolvedAt: NOON + 840_000 },
      approvals: [decided],
      runs: [won],
    });
    assert.deepEqual(await screen.publish(over, [...entries, entryOf("recovered", { kind: "verify", by: "anna" })]), [
      "🟢 inc-12 P1 resolved after 15 min, fixed by gateway-fallback on http:gateway · LiteLLMHighErrorRate",
      "12:00:00 inc-12 📏 recovered (anna)",
      "  approval apr-7f3a approved: gateway-fallback on http:gateway, approved by anna from cli",
    ]);
  });

  test("says what is paused and by whom, as long as it is", async () => {
    const screen = consoleOf();
    await screen.publish(viewOf({}), []);
    const paused = [{ scope: "global", by: "anna (slack)", reason: "" }];
    assert.deepEqual(await screen.publish(viewOf({ paused }), []), [
      "🟠 inc-12 P1 open · global is paused by anna (slack) · LiteLLMHighErrorRate",
    ]);
    assert.deepEqual(await screen.publish(viewOf({}), []), ["🟠 inc-12 P1 open · LiteLLMHighErrorRate"]);
  });

  test("says who closed what still fires, and names nobody twice", async () => {
    const closed = viewOf({ incident: { status: "resolved", resolvedAt: NOON + 840_000 }, firing: 3 });
    const entry = entryOf("anna (cli) closed inc-12: false alarm", { kind: "decision", by: "anna (cli)" });
    assert.deepEqual(await consoleOf().publish(closed, [entry]), [
      "⚪ inc-12 P1 resolved after 15 min, closed by hand while it still fires · LiteLLMHighErrorRate",
      "12:00:00 inc-12 👤 anna (cli) closed inc-12: false alarm",
    ]);
  });

  test("says of a veto window that it runs by itself, and how to object", async () => {
    const policy = { ...approvalOf().policy, veto: 60_000 };
    const lines = await consoleOf().publish(viewOf({ approvals: [approvalOf({ policy })] }), []);
    assert.match(lines.join("\n"), /approval apr-7f3a runs unless someone objects/);
    assert.deepEqual(lines.slice(-2), [
      "    platform-oncall may object; without an objection it runs in 60 s",
      "    object:  npm run stanch -- reject apr-7f3a",
    ]);
  });

  test("says how to keep what an approval offers to keep", async () => {
    const lines = await consoleOf().publish(viewOf({ approvals: [approvalOf({ offersKeep: true })] }), []);
    assert.deepEqual(lines.slice(-3), [
      "    approve: npm run stanch -- approve apr-7f3a",
      "    approve and keep it, without its lease: npm run stanch -- approve apr-7f3a --keep",
      "    reject:  npm run stanch -- reject apr-7f3a",
    ]);
  });

  test("foreign text cannot move the cursor, colour or forge a line", async () => {
    const screen = consoleOf();
    const [headline, line, ...rest] = await screen.publish(viewOf({ incident: { title: "a\u001b[2Jb\nc" } }), [
      entryOf("x\r\n12:00:00 inc-12 approved\u001b[1A"),
    ]);
    assert.equal(headline, "🟠 inc-12 P1 open · a[2Jb c");
    assert.equal(line, "12:00:00 inc-12 🔔 x 12:00:00 inc-12 approved[1A");
    assert.deepEqual(rest, []);
  });

  test("a terminal gets colours", async () => {
    const [headline] = await consoleOf(true).publish(viewOf(), []);
    assert.equal(headline, "\u001b[1m🟠 inc-12 P1 open · LiteLLMHighErrorRate\u001b[22m");
  });
});
