import { afterVerification, type Demotion, demotionText } from "../../core/demotion.ts";
import type { Move } from "../../core/run/move.ts";
import type { Run } from "../../core/run/run.ts";
import { NOT_VERIFIED } from "../../core/run/verify-move.ts";
import type { Write } from "../../core/store.ts";
import { say } from "../decide/deps.ts";
import { type Extra, nowOf, type Turn } from "./turn.ts";

/** What a run's end changes in its playbook's standing: three failed verifications in a row demote it to asking. */
export async function demotionExtra(turn: Turn, move: Extract<Move, { kind: "finish" }>): Promise<Extra> {
  const failed = move.state === "failed" && failedVerification(turn.run, move.reason);
  const held = move.state === "succeeded" && turn.playbook.verify !== undefined && turn.run.mutated;
  if (!failed && !held) return {};
  const id = turn.run.created.playbook;
  const doc = await turn.deps.store.get<Demotion>("demotion", id);
  const next = afterVerification(doc?.body, held, nowOf(turn));
  if (doc === undefined && next === undefined) return {};
  const checks: Extra["checks"] = [{ check: "rev", kind: "demotion", id, rev: doc?.rev ?? 0 }];
  const isNew = next?.demoted === true && doc?.body.demoted !== true;
  return { checks, writes: [...demotionWrites(id, next), ...(isNew ? newWrites(turn, next) : [])] };
}

/** From now on it asks, and people who wonder why find it here. */
function newWrites(turn: Turn, { failures }: Demotion): readonly Write[] {
  const { playbook, incidentId } = turn.run.created;
  const text = `${playbook} asks from now on. It is ${demotionText(playbook, failures)}`;
  return say(incidentId, { at: nowOf(turn), kind: "guard", text, by: "stanch" });
}

/** Of the whole or of a round; an undoing that failed after it does not hide it. */
function failedVerification({ reverting, rounds }: Run, reason: string): boolean {
  const reasons = [reason, reverting?.reason ?? ""];
  return reasons.some((one) => one.startsWith(NOT_VERIFIED)) || [...rounds.values()].some((round) => round.failed);
}

function demotionWrites(id: string, next: Demotion | undefined): readonly Write[] {
  if (next === undefined)
    return [
      { write: "delete", kind: "demotion", id },
      { write: "unindex", index: "demotions", member: id },
    ];
  const put: Write = { write: "put", kind: "demotion", id, body: next };
  return next.demoted ? [put, { write: "index", index: "demotions", member: id, score: next.at }] : [put];
}
