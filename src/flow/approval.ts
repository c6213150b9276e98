import type { Approval } from "../core/approval.ts";
import { formatDuration } from "../core/duration.ts";
import type { Doc, Write } from "../core/store.ts";
import type { Instant } from "../core/time.ts";
import type { DecideDeps } from "./decide/deps.ts";
import { say } from "./decide/deps.ts";
import { describeGroup } from "./decide/permission.ts";
import { closingWrites } from "./decide/vote.ts";
import { tendVeto } from "./veto.ts";

/** What an approval's wake-up does: one reminder at half time, and expiry, which never runs anything. Safe to repeat. */
export async function tendApproval(deps: DecideDeps, id: string): Promise<void> {
  const doc = await deps.store.get<Approval>("approval", id);
  const now = await deps.store.now();
  if (doc?.body.status !== "pending") {
    await deps.store.commit({ checks: [], writes: [{ write: "undue", member: `approval:${id}` }] });
    return;
  }
  if (await tendVeto(deps, doc, now)) return;
  if (now >= doc.body.expiresAt) return expire(deps, doc, now);
  await remind(deps, doc, now);
}

async function expire(deps: DecideDeps, doc: Doc<Approval>, now: Instant): Promise<void> {
  const body: Approval = { ...doc.body, status: "expired", decidedAt: now };
  const { id, runId, incidentId } = body;
  const escalates = body.policy.onExpiry === "escalate";
  const text = `nobody decided ${id} in time${escalates ? `; ${describeGroup(deps.config, body.policy.group)} is needed` : ""}`;
  const committed = await deps.store.commit({
    checks: [{ check: "rev", kind: "approval", id, rev: doc.rev }],
    writes: [
      { write: "put", kind: "approval", id, body },
      ...closingWrites(body, { by: "the clock", at: now, reason: "nobody decided in time" }),
      ...say(incidentId, { at: now, kind: escalates ? "escalation" : "approval", text, by: "stanch" }),
    ],
  });
  if (!committed.ok) return;
  deps.metrics.approval("expired");
  await deps.queue.wake(`run:${runId}`, now);
}

async function remind(deps: DecideDeps, doc: Doc<Approval>, now: Instant): Promise<void> {
  const { body, rev } = doc;
  const { id, incidentId, expiresAt } = body;
  const half = body.requestedAt + Math.floor((expiresAt - body.requestedAt) / 2);
  const due: Write = {
    write: "due",
    member: `approval:${id}`,
    at: body.remindedAt === undefined && now < half ? half : expiresAt,
  };
  if (body.remindedAt !== undefined || now < half) {
    await deps.store.commit({ checks: [{ check: "rev", kind: "approval", id, rev }], writes: [due] });
    return;
  }
  const text = `still waiting for ${describeGroup(deps.config, body.policy.group)} to decide ${id}; it expires in ${formatDuration(expiresAt - now)}`;
  await deps.store.commit({
    checks: [{ check: "rev", kind: "approval", id, rev }],
    writes: [
      { write: "put", kind: "approval", id, body: { ...body, remindedAt: now } },
      due,
      ...say(incidentId, { at: now, kind: "approval", text, by: "stanch" }),
    ],
  });
}
