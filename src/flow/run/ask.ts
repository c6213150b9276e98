import type { Approval } from "../../core/approval.ts";
import { digestOf, idOf } from "../../core/hash.ts";
import type { ApprovalPolicy } from "../../core/playbook/playbook.ts";
import { grantFor, lapsedGrant } from "../../core/run/grants.ts";
import type { ReadyStep } from "../../core/run/move.ts";
import { type Ahead, type AheadStep, lookAhead, plannedStep } from "../../core/run/plan.ts";
import { actionSteps } from "../../core/run/steps.ts";
import { plainTime } from "../../core/time.ts";
import { absoluteStep } from "./absolute.ts";
import { letGo, type Progress } from "./progress.ts";
import { nowOf, type Turn, withEvents } from "./turn.ts";

type Voice = { guard: string; reason: string };

/**
 * Asks people once for every mutating step as it can be shown now. The approval's digest binds the playbook text, the targets
 * and each rendered input; a later step that differs asks again.
 */
export async function askPeople(turn: Turn, ready: ReadyStep, voices: readonly Voice[]): Promise<Progress> {
  const [steps, again] = await Promise.all([stepsToShow(turn, ready), whyAgain(turn, ready)]);
  const approval = approvalFor(turn, ready, { voices, steps, again });
  const { id } = approval;
  const covers = approval.steps.flatMap((step) =>
    "digest" in step && typeof step.digest === "string" ? [step.digest] : [],
  );
  const reason = [...again, ...voices.map((voice) => voice.reason)].join("; ");
  const asked = withEvents(turn, [
    {
      type: "asked",
      at: approval.requestedAt,
      approvalId: id,
      expiresAt: approval.expiresAt,
      validFor: approval.policy.validFor,
      ...(approval.policy.veto !== undefined && { veto: approval.policy.veto }),
      reason,
      covers,
      guards: voices.map((voice) => voice.guard),
      ahead: approval.steps.map(({ path, uses }) => ({ path, uses })),
    },
  ]);
  const half = approval.requestedAt + Math.floor((approval.expiresAt - approval.requestedAt) / 2);
  return letGo(asked, undefined, {
    checks: [{ check: "rev", kind: "approval", id, rev: 0 }],
    writes: [
      { write: "put", kind: "approval", id, body: approval },
      { write: "index", index: "approvals", member: id, score: approval.requestedAt },
      { write: "index", index: "approvals:pending", member: id, score: approval.requestedAt },
      { write: "due", member: `approval:${id}`, at: half },
      ...(approval.incidentId === undefined
        ? []
        : [{ write: "add" as const, set: `incident:${approval.incidentId}:approvals`, members: [id] }]),
    ],
  });
}

function approvalFor(
  turn: Turn,
  ready: ReadyStep,
  { voices, steps, again }: { voices: readonly Voice[]; steps: readonly AheadStep[]; again: readonly string[] },
): Approval {
  const { run, playbook } = turn;
  const { created } = run;
  const policy = policyFor(turn, steps, voices);
  const now = nowOf(turn);
  const digest = digestOf(
    playbook.digest,
    created.target,
    ...steps.map((step) => step.digest ?? `pending:${step.path}`),
  );
  return {
    id: idOf("apr", created.id, ready.path, digest, String(run.rev)),
    runId: created.id,
    ...(created.incidentId === undefined ? {} : { incidentId: created.incidentId }),
    playbook: created.playbook,
    ...(created.runbook === undefined ? {} : { runbook: created.runbook }),
    target: created.target,
    severity: created.severity,
    requestedBy: created.by,
    policy,
    digest,
    steps,
    why: [...again, ...voices.map((voice) => `${voice.guard}: ${voice.reason}`), ...factLines(run.facts)],
    status: "pending",
    votes: [],
    ...(repeatsLeased(turn, steps, voices) && { offersKeep: true as const }),
    requestedAt: now,
    expiresAt: now + policy.expires,
  };
}

/** Why it is asked again although somebody has approved it. */
async function whyAgain(turn: Turn, ready: ReadyStep): Promise<readonly string[]> {
  const lapsed = lapsedGrant(turn.run, ready, nowOf(turn));
  if (!lapsed) return differences(turn, ready);
  return [
    `the approval by ${lapsed.by} has lapsed: it held until ${plainTime(lapsed.validUntil)}, and nothing had begun by then`,
  ];
}

/** How the step differs from what was last approved of it; empty where it does not, or was not known then. */
async function differences(turn: Turn, ready: ReadyStep): Promise<readonly string[]> {
  const { run, deps } = turn;
  if (run.grants.length === 0 || grantFor(run, ready, nowOf(turn))) return [];
  const ids = run.grants.map(({ approvalId }) => approvalId);
  const docs = await deps.store.getMany<Approval>("approval", ids);
  const lines = run.grants.flatMap(({ by, approvalId }, index) => {
    const then = docs[index]?.body.steps.find((one) => one.path === ready.path);
    if (then === undefined || then.input === "pending" || then.bounds !== undefined) return [];
    const now = plannedStep(ready, deps).describe;
    const what =
      then.describe === now
        ? "its input, or where it leads, is another"
        : `then it was "${then.describe}", now it is "${now}"`;
    return [`${ready.path} is not as ${by} approved it in ${approvalId}: ${what}`];
  });
  return lines.slice(-1);
}

/** Whether a leased step would be done again that was undone a short while ago: people may want it to stay this time. */
function repeatsLeased(turn: Turn, steps: readonly AheadStep[], voices: readonly Voice[]): boolean {
  if (!voices.some((voice) => voice.guard === "relapse")) return false;
  const leased = new Set(actionSteps(turn.playbook.steps).flatMap((step) => (step.lease ? [step.id] : [])));
  return steps.some((step) => step.digest !== undefined && leased.has(step.id));
}

/** The step at hand first, whose values are absolute, then what lies ahead of it, as it would be now. */
async function stepsToShow(turn: Turn, ready: ReadyStep): Promise<readonly AheadStep[]> {
  const { run, playbook, deps, claim } = turn;
  const inputs = {
    now: nowOf(turn),
    epoch: claim.epoch,
    inbox: [],
    actions: deps.actions,
    connections: deps.connections,
  };
  const ahead = lookAhead(run, playbook.steps, inputs).filter(({ shown }) => shown.path !== ready.path);
  return [plannedStep(ready, deps), ...(await Promise.all(ahead.map((one) => asItWouldBe(turn, one))))];
}

/** A relative value that cannot be made absolute now is shown as it stands, and asked about again when its turn comes. */
async function asItWouldBe(turn: Turn, { shown, ready }: Ahead): Promise<AheadStep> {
  const found = ready && (await absoluteStep(turn, ready));
  return found?.ok && found.ready !== ready ? plannedStep(found.ready, turn.deps) : shown;
}

/**
 * The playbook's policy over the configured one; a step may only raise the number required, and where people must agree nothing runs by
 * itself. Nobody's silence answers a guard that doubts the alert or the change: a veto stands for the level of autonomy alone.
 */
function policyFor(turn: Turn, steps: readonly AheadStep[], voices: readonly Voice[]): ApprovalPolicy {
  const merged = { ...turn.deps.config.approvals.default, ...turn.playbook.approval };
  const ids = new Set(steps.map((step) => step.id));
  const bySteps = requiredBySteps(turn, ids);
  const required = Math.max(merged.required, ...bySteps);
  const { veto, ...plain } = { ...merged, required };
  const reversible = steps.every((step) => step.effect === "reversible" && step.input !== "pending");
  const mayRun = reversible && required === 1 && bySteps.length === 0 && voices.every(isOfAutonomy);
  return veto !== undefined && mayRun ? { ...plain, veto } : plain;
}

function isOfAutonomy({ guard }: Voice): boolean {
  return guard === "autonomy";
}

function requiredBySteps(turn: Turn, ids: ReadonlySet<string>): readonly number[] {
  return actionSteps(turn.playbook.steps).flatMap((step) =>
    ids.has(step.id) && step.approval?.required !== undefined ? [step.approval.required] : [],
  );
}

function factLines(facts: Readonly<Record<string, number | null>>): readonly string[] {
  return Object.entries(facts).map(
    ([name, value]) => `${name} = ${value === null ? "not measurable" : Number(value.toPrecision(4))}`,
  );
}
