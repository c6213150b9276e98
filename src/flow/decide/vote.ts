import { type Approval, keptBy, type Vote, validFor } from "../../core/approval.ts";
import type { Actor, Decided, Decision } from "../../core/decision.ts";
import { freedBy, pauseScopes } from "../../core/pause.ts";
import type { Write } from "../../core/store.ts";
import { type Instant, plainTime } from "../../core/time.ts";
import { type Change, type DecideDeps, nameOf, readDoc, refuse, say, settleChange } from "./deps.ts";
import { personOf } from "./permission.ts";
import { goneWrites, standingVotes } from "./standing-votes.ts";
import { voterRefusal } from "./voter.ts";

type VoteDecision = Extract<Decision, { verb: "approve" | "reject" }>;

/**
 * Approve or reject. One person counts once, one rejection ends it, and the approval leaves `pending` exactly once, by
 * compare-and-set; whoever comes later is told who decided.
 */
export async function vote(deps: DecideDeps, actor: Actor, decision: VoteDecision): Promise<Decided> {
  let closed: "approved" | "rejected" | undefined;
  const decided = await settleChange(deps, async () => {
    closed = undefined;
    const found = await readDoc<Approval>(deps.store, "approval", decision.approval);
    if ("ok" in found) return found;
    const now = await deps.store.now();
    const refusal =
      closedRefusal(found.body, now) ??
      (await voterRefusal(deps, actor, found.body, decision)) ??
      keepRefusal(found.body, decision);
    if (refusal) return refusal;
    const stood = await standingVotes(deps, found.body);
    if ("ok" in stood) return stood;
    const next = withVote(stood.approval, { ...voteOf(deps, actor, decision), at: now });
    if (next.status === "approved" || next.status === "rejected") closed = next.status;
    const writes = [...goneWrites(next, stood.gone, now), ...voteWrites(next, actor, now)];
    const change: Change = { checks: [found.check], writes, ...wakes(next) };
    const held = next.status === "approved" ? await heldBy(deps, next, now) : "";
    return { change, decided: { ok: true, sentence: `${voteSentence(next, decision)}${held}`, id: next.id } };
  });
  if (decided.ok && closed !== undefined) deps.metrics.approval(closed);
  return decided;
}

/** A pause holds an approved run all the same, and whoever approved it should know, and how long their word holds. */
async function heldBy(deps: DecideDeps, approval: Approval, now: Instant): Promise<string> {
  const scopes = pauseScopes({ ...approval, targets: [approval.target] });
  const pause = (await deps.store.pauses()).find((one) => scopes.includes(one.scope));
  if (pause === undefined) return "";
  const until = plainTime(now + validFor(approval));
  return `, once ${freedBy(pause)}; after ${until} it asks again`;
}

/** What runs unless somebody objects does not expire: an objection counts as long as nothing has run. */
function closedRefusal(approval: Approval, now: Instant) {
  const { status, policy, expiresAt } = approval;
  if (status === "pending" && (policy.veto !== undefined || now < expiresAt)) return undefined;
  return refuse("conflict", `approval ${approval.id}: ${closedText(approval)}; nothing has been changed by this`);
}

/** How an approval ended, for people who come too late. */
export function closedText(approval: Approval): string {
  const last = approval.votes.at(-1);
  switch (approval.status) {
    case "approved":
    case "rejected":
      return `already ${approval.status} by ${last?.by ?? "somebody"}`;
    case "withdrawn":
      return "withdrawn: nothing waits for it any more";
    case "pending":
    case "expired":
      return "expired; it never runs anything after that";
    default:
      return approval.status satisfies never;
  }
}

/** Keeping is offered, not taken: the message that people have read must have said so. */
function keepRefusal({ id, offersKeep }: Approval, decision: VoteDecision) {
  if (!keeps(decision) || offersKeep) return undefined;
  return refuse(
    "conflict",
    `approval ${id} does not offer to keep what it allows; that is for a leased step that repeats what was undone a short while ago. Approve it without keep`,
  );
}

function keeps(decision: VoteDecision): boolean {
  return decision.verb === "approve" && decision.keep === true;
}

function voteOf(deps: DecideDeps, actor: Actor, decision: VoteDecision): Omit<Vote, "at"> {
  const base = {
    by: nameOf(actor),
    person: personOf(deps.config, actor) ?? actor.name,
    via: actor.via,
    decision: decision.verb,
    ...(keeps(decision) && { keep: true as const }),
  };
  return decision.reason === undefined ? base : { ...base, reason: decision.reason };
}

function withVote(approval: Approval, cast: Vote): Approval {
  const votes = [...approval.votes.filter((one) => one.person !== cast.person), cast];
  const yes = votes.filter((one) => one.decision === "approve").length;
  const status = cast.decision === "reject" ? "rejected" : yes >= approval.policy.required ? "approved" : "pending";
  return status === "pending" ? { ...approval, votes } : { ...approval, votes, status, decidedAt: cast.at };
}

function voteWrites(next: Approval, actor: Actor, now: Instant): readonly Write[] {
  const put: Write = { write: "put", kind: "approval", id: next.id, body: next };
  if (next.status === "pending") {
    const keep = next.votes.at(-1)?.keep ? " to be kept" : "";
    const text = `${nameOf(actor)} approved ${next.id}${keep}; ${next.policy.required - next.votes.length} more needed${whyText(next)}`;
    return [put, ...say(next.incidentId, { at: now, kind: "approval", text, by: nameOf(actor) })];
  }
  const text = `not everybody who approved ${next.id} chose to keep it, so its lease stays`;
  return [
    put,
    ...closingWrites(next, { by: nameOf(actor), at: now, reason: next.votes.at(-1)?.reason ?? "" }),
    ...(next.status === "approved" && whyText(next) !== "" ? say(next.incidentId, whyLine(next, actor, now)) : []),
    ...(isSplit(next) ? say(next.incidentId, { at: now, kind: "approval", text, by: "stanch" }) : []),
  ];
}

/** What the last who voted gave as the reason; a rejection's is told with the run's refusal. */
function whyText({ votes }: Approval): string {
  const { reason = "" } = votes.at(-1) ?? {};
  return reason === "" ? "" : `: ${reason}`;
}

function whyLine(next: Approval, actor: Actor, at: Instant) {
  return {
    at,
    kind: "approval" as const,
    text: `${nameOf(actor)} approved ${next.id}${whyText(next)}`,
    by: nameOf(actor),
  };
}

/** Some chose to keep it and others did not. */
function isSplit(next: Approval): boolean {
  return next.status === "approved" && keptBy(next) === undefined && next.votes.some((vote) => vote.keep);
}

/** What ends an approval besides its document: the run learns of it and is woken. */
export function closingWrites(approval: Approval, end: { by: string; at: Instant; reason: string }): readonly Write[] {
  const { id, runId, status } = approval;
  const keeper = keptBy(approval);
  const item = {
    kind: "approval",
    at: end.at,
    approvalId: id,
    status,
    by: end.by,
    reason: end.reason,
    ...(keeper !== undefined && { keptBy: keeper }),
  };
  return [
    { write: "unindex", index: "approvals:pending", member: id },
    { write: "undue", member: `approval:${id}` },
    { write: "append", list: `inbox:${runId}`, items: [item] },
    { write: "due", member: `run:${runId}`, at: 0 },
  ];
}

function wakes(next: Approval): { wake?: readonly string[] } {
  const chat = next.incidentId === undefined ? [] : [`chat:${next.incidentId}`];
  return { wake: next.status === "pending" ? chat : [`run:${next.runId}`, ...chat] };
}

function voteSentence(next: Approval, decision: VoteDecision): string {
  if (next.status === "pending")
    return `noted; ${next.policy.required - next.votes.length} more approval(s) are needed for ${next.id}${keeps(decision) ? ", and all of them to keep it" : ""}`;
  const what = `${next.playbook} on ${next.target}`;
  if (decision.verb === "reject") return `rejected: ${what} will not run`;
  if (keptBy(next) !== undefined) return `approved, to be kept: ${what} goes on now, without its lease`;
  return `approved: ${what} goes on now${isSplit(next) ? "; its lease stays, as not everybody chose to keep it" : ""}`;
}
