import type { Instant } from "../time.ts";
import { GUARDS } from "./guards.ts";
import type { GuardAnswer, GuardName, GuardSnapshot } from "./snapshot.ts";

/** One guard's answer that was not `allow`. */
export type GuardVoice = { guard: GuardName } & Exclude<GuardAnswer, { answer: "allow" }>;

/** What all guards together say of one mutating step. */
export type Admission =
  | { kind: "allow" }
  | { kind: "deny"; guard: GuardName; reason: string; until?: Instant }
  | { kind: "wait"; guard: GuardName; for: "pause" | "lock" | "concurrency"; reason: string }
  /** Every guard that asks, so that one approval answers them all. */
  | { kind: "ask"; voices: readonly { guard: GuardName; reason: string }[] };

/** Every guard's objection, in the table's order. */
export function voicesOf(snapshot: GuardSnapshot): readonly GuardVoice[] {
  const voices: GuardVoice[] = [];
  for (const { name, evaluate, exemptsUndo } of GUARDS) {
    if (snapshot.undo && exemptsUndo) continue;
    const answer = evaluate(snapshot);
    if (answer.answer !== "allow") voices.push({ guard: name, ...answer });
  }
  return voices;
}

/** A pause holds before anything else; a denial beats a question; a question comes before waiting for a lock. */
export function admit(snapshot: GuardSnapshot, granted: readonly GuardName[] | undefined): Admission {
  const voices = voicesOf(snapshot);
  if (voices.length === 0) return { kind: "allow" };
  const paused = voices.find((voice) => voice.answer === "wait" && voice.for === "pause");
  if (paused?.answer === "wait") return { kind: "wait", guard: paused.guard, for: paused.for, reason: paused.reason };
  const denied = voices.find((voice) => voice.answer === "deny");
  if (denied?.answer === "deny")
    return {
      kind: "deny",
      guard: denied.guard,
      reason: denied.reason,
      ...(denied.until === undefined ? {} : { until: denied.until }),
    };
  const asking = voices.filter((voice) => voice.answer === "ask");
  const open = granted === undefined ? asking : asking.filter((voice) => !granted.includes(voice.guard));
  if (open.length > 0) return { kind: "ask", voices: asking };
  const waiting = voices.find((voice) => voice.answer === "wait");
  if (waiting?.answer === "wait")
    return { kind: "wait", guard: waiting.guard, for: waiting.for, reason: waiting.reason };
  return { kind: "allow" };
}
