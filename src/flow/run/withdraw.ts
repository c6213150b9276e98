import type { Approval } from "../../core/approval.ts";
import type { Check } from "../../core/store.ts";
import { goOn, inboxRead, type Progress } from "./progress.ts";
import { type Extra, nowOf, type Turn, withEvents } from "./turn.ts";

/** Takes back what is asked, since the alert has ended; an answer that comes at the same moment counts, and is looked at first. */
export async function withdrawAsked(turn: Turn): Promise<Progress> {
  const { asked } = turn.run;
  if (!asked) return { kind: "go-on", turn };
  const { checks = [], writes = [] } = await withdrawApproval(turn);
  const { approvalId } = asked;
  const reason = "the alert has ended";
  const withdrawn = withEvents(turn, [
    { type: "refused", at: nowOf(turn), approvalId, by: "stanch", how: "withdrawn", reason },
  ]);
  return goOn(withdrawn, { checks: [inboxRead(turn.run), ...checks], writes });
}

/** What closes the approval that the run waits for, if nobody has answered it. */
export async function withdrawApproval(turn: Turn): Promise<Extra> {
  const id = turn.run.asked?.approvalId;
  const doc = id === undefined ? undefined : await turn.deps.store.get<Approval>("approval", id);
  if (id === undefined || doc?.body.status !== "pending") return {};
  const checks: Check[] = [{ check: "rev", kind: "approval", id, rev: doc.rev }];
  const body: Approval = { ...doc.body, status: "withdrawn", decidedAt: nowOf(turn) };
  return {
    checks,
    writes: [
      { write: "put", kind: "approval", id, body },
      { write: "unindex", index: "approvals:pending", member: id },
      { write: "undue", member: `approval:${id}` },
    ],
  };
}
