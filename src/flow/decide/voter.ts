import type { Approval } from "../../core/approval.ts";
import type { Actor, Decided, Decision } from "../../core/decision.ts";
import { type DecideDeps, refuse } from "./deps.ts";
import { groupRefusal, personOf } from "./permission.ts";

type Refusal = Extract<Decided, { ok: false }>;

/** Why this actor may not vote on this approval; undefined when they may. */
export async function voterRefusal(
  deps: DecideDeps,
  actor: Actor,
  approval: Approval,
  { verb }: Pick<Decision, "verb">,
): Promise<Refusal | undefined> {
  const { policy, votes } = approval;
  const outside = await groupRefusal(deps, actor, policy.group);
  if (outside !== undefined) return refuse("forbidden", outside);
  const person = personOf(deps.config, actor);
  if (person === undefined && policy.required > 1) {
    return refuse("forbidden", nobody(actor, `this needs ${policy.required} people`));
  }
  const own = verb === "approve" ? requesterRefusal(actor, person, approval) : undefined;
  if (own !== undefined) return refuse("forbidden", own);
  const repeated = votes.some((one) => one.person === (person ?? actor.name) && one.decision === verb);
  return repeated
    ? refuse("conflict", `${actor.name} has already decided; ${policy.required} different people are needed`)
    : undefined;
}

/** A token of nobody may be in the hands of whoever asked, so it does not count where they may not approve. */
function requesterRefusal(actor: Actor, person: string | undefined, approval: Approval): string | undefined {
  const { policy, requestedBy } = approval;
  if (policy.requesterMayApprove) return undefined;
  if (requestedBy === actor.name || requestedBy === person)
    return `${actor.name} asked for this run and may not approve it; somebody else of ${policy.group} has to`;
  if (person !== undefined || requestedBy === "stanch") return undefined;
  return nobody(actor, `${requestedBy}, who asked for this run, may not approve it`);
}

function nobody(actor: Actor, why: string): string {
  return `${actor.name} is mapped to no person, and ${why}; add it under approvals.people`;
}
