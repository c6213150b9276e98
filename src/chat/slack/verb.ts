import type { Config } from "../../core/config.ts";
import type { Actor, Decision } from "../../core/decision.ts";
import type { Desk } from "../../core/desk.ts";
import type { Incident } from "../../core/incident.ts";
import type { Instant } from "../../core/time.ts";
import { type Block, LIMITS, section } from "./blocks.ts";
import { refusal, said, saidOf } from "./said.ts";
import { cut, type Mrkdwn } from "./text.ts";

/** What verbs work with. */
export type VerbDeps = {
  desk: Desk;
  approvals: Config["approvals"];
  resolveUserGroup: (id: string) => Promise<ReadonlySet<string>>;
  now: () => Instant;
  /** Archives the own channel of an incident that is over; the sentence says what came of it. */
  archive: (incident: Incident) => Promise<string>;
};

/** Who asks, and the words after the verb. `confirmed` is what a confirming button adds; `click` names the button of the one message it was. */
export type Ask = { who: Actor; args: readonly string[]; confirmed: boolean; click?: string };

/** What the person is told. `text` alone is enough; `blocks` show more; `alone` keeps it private whatever was asked. */
export type Answer = { text: Mrkdwn; blocks: readonly Block[]; alone?: boolean };

/** One verb of `/stanch`. It may throw AppError; the message is the answer then. */
export type Verb = { usage: string; does: string; answer(deps: VerbDeps, ask: Ask): Promise<Answer> };

const MAX_SENTENCE = 2500;
/** Refusals that name somebody: who may, or who was first. */
const TELLS_WHO: ReadonlySet<string> = new Set(["forbidden", "conflict"]);

/** A sentence as an answer; foreign text in it is escaped. */
export function say(sentence: string): Answer {
  return answerOf(said(sentence, MAX_SENTENCE));
}

function answerOf(sentence: Mrkdwn): Answer {
  const text = cut(sentence, LIMITS.section);
  return { text, blocks: [section(text)] };
}

/** Takes a decision to the one door, and says what came of it. */
export async function decide(deps: VerbDeps, who: Actor, decision: Decision): Promise<Answer> {
  const decided = await deps.desk.decide(who, decision);
  const isRefusal = !decided.ok && TELLS_WHO.has(decided.code);
  if (isRefusal) return { ...answerOf(refusal(decided.sentence, MAX_SENTENCE)), alone: true };
  return answerOf(saidOf(who.name, decided.sentence, MAX_SENTENCE));
}
