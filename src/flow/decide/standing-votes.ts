import type { Approval, Vote } from "../../core/approval.ts";
import type { Decided } from "../../core/decision.ts";
import type { Write } from "../../core/store.ts";
import type { Instant } from "../../core/time.ts";
import { type DecideDeps, refuse, say } from "./deps.ts";
import { membership, voterOf } from "./permission.ts";

type Standing = { approval: Approval; gone: readonly Vote[] };

/**
 * The approval with the votes of those alone who may still decide it, as everybody who grants it has to at that moment. Membership that
 * cannot be read is a refusal (section 14.7), and takes nobody's vote away.
 */
export async function standingVotes(
  deps: DecideDeps,
  approval: Approval,
): Promise<Standing | Extract<Decided, { ok: false }>> {
  const { group } = approval.policy;
  const found = await Promise.all(
    approval.votes.map((vote) => membership(deps, voterOf(deps.config, vote.person), group)),
  );
  const unread = approval.votes.find((_, index) => found[index] === "unreadable");
  if (unread) {
    return refuse(
      "unavailable",
      `whether ${unread.by}, who has approved too, is still in ${group} cannot be read right now; nothing was decided, try again`,
    );
  }
  const votes = approval.votes.filter((_, index) => found[index] === "member");
  return { approval: { ...approval, votes }, gone: approval.votes.filter((_, index) => found[index] !== "member") };
}

/** Says whose votes count no more. */
export function goneWrites({ id, incidentId, policy }: Approval, gone: readonly Vote[], at: Instant): readonly Write[] {
  return gone.flatMap(({ by }) =>
    say(incidentId, {
      at,
      kind: "approval",
      text: `what ${by} has said of ${id} counts no more: not in ${policy.group} any longer`,
      by: "stanch",
    }),
  );
}
