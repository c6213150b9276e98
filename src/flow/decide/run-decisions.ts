import type { Actor, Decided, Decision } from "../../core/decision.ts";
import type { Lease } from "../../core/lease.ts";
import type { RunEvent } from "../../core/run/events.ts";
import type { InboxItem } from "../../core/run/inbox.ts";
import { foldRun, type Run } from "../../core/run/run.ts";
import { endingText } from "../../core/run/sentence.ts";
import type { Check, Store, Write } from "../../core/store.ts";
import { docs } from "../desk/incident-view.ts";
import { type DecideDeps, nameOf, refuse, settleChange } from "./deps.ts";
import { keepFailed } from "./lease-decisions.ts";

/** Puts the answer to an unknown outcome before its run: one, to the question that is open when it is stored. */
export async function answer(
  deps: DecideDeps,
  actor: Actor,
  decision: Extract<Decision, { verb: "answer" }>,
): Promise<Decided> {
  const { run: id, answer: said } = decision;
  return settleChange(deps, async () => {
    const { events, inbox, now } = await deps.store.loadRun(id);
    if (events.length === 0) return refuse("not_found", `no run ${id}`);
    const run = foldRun(events as readonly RunEvent[]);
    if (!run.unknown) return refuse("conflict", asksNothing(run, events as readonly RunEvent[]));
    const earlier = (inbox as readonly InboxItem[]).slice(run.inboxTaken).find(isAnswer);
    if (earlier) return refuse("conflict", `run ${id} has its answer already: ${earlier.answer}, by ${earlier.by}`);
    const { path } = run.unknown;
    const why = decision.reason === undefined ? {} : { reason: decision.reason };
    const item: InboxItem = { kind: "answer", at: now, answer: said, by: nameOf(actor), path, ...why };
    const checks: Check[] = [
      { check: "length", list: `run:${id}`, is: events.length },
      { check: "length", list: `inbox:${id}`, is: inbox.length },
    ];
    const decided: Decided = { ok: true, sentence: noted(run, path, said) };
    return { change: { checks, writes: inboxWrites(id, item), wake: [`run:${id}`] }, decided };
  });
}

/** Names the answer that counts, if there was one: of two people who press at once, the second learns whose it was. */
function asksNothing(run: Run, events: readonly RunEvent[]): string {
  const last = events.findLast((event) => event.type === "answered");
  const before = last === undefined ? "" : `; ${last.path} was answered already: ${last.answer}, by ${last.by}`;
  return `run ${run.created.id} asks nothing: ${endText(run)}${before}`;
}

function noted({ created }: Run, path: string, said: "done" | "not-done" | "abort"): string {
  const { id, lease } = created;
  if (said !== "abort") return `noted: ${path} is ${said}; run ${id} goes on from there`;
  if (lease !== undefined) return `noted: run ${id} ends, and lease ${lease} with it: look whether it was undone`;
  return `noted: run ${id} ends. What ${path} has changed may be in force: it has no lease, and nothing undoes it by itself`;
}

function isAnswer(item: InboxItem): item is Extract<InboxItem, { kind: "answer" }> {
  return item.kind === "answer";
}

/**
 * Stops a run before its next step; a call under way is still settled first. Who cancels the undoing of a lease keeps what it has changed,
 * also when that could not be undone.
 */
export async function cancel(
  deps: DecideDeps,
  actor: Actor,
  decision: Extract<Decision, { verb: "cancel" }>,
): Promise<Decided> {
  const { run: id, reason = "" } = decision;
  return settleChange(deps, async () => {
    const { events, now } = await deps.store.loadRun(id);
    if (events.length === 0) return refuse("not_found", `no run ${id}`);
    const run = foldRun(events as readonly RunEvent[]);
    const kept = await keepFailed(deps, actor, run);
    if (kept) return kept;
    if (run.ended) return refuse("conflict", `run ${id} has ended: ${endText(run)}`);
    const item: InboxItem = { kind: "cancel", at: now, by: nameOf(actor), reason };
    const checks: Check[] = [{ check: "length", list: `run:${id}`, is: events.length }];
    const sentence = `cancelling ${id}: no further step is started.${await whatStays(deps.store, run)}`;
    return { change: { checks, writes: inboxWrites(id, item), wake: [`run:${id}`] }, decided: { ok: true, sentence } };
  });
}

/** What a cancelled run leaves behind, or still needs before it can end. */
async function whatStays(store: Store, run: Run): Promise<string> {
  const { created, unknown, mutated, reverting } = run;
  if (unknown)
    return ` It still waits for an answer, done, not-done or abort: nobody knows what ${unknown.path} came to, and it keeps its locks until then.`;
  const lease = created.lease ?? created.ends;
  if (lease !== undefined)
    return isCalling(run)
      ? ` A call of it has begun: if that takes effect, lease ${lease} is undone all the same. Else it ends and is not undone any more.`
      : ` Lease ${lease} ends with it and is not undone any more.`;
  if (reverting) return " It goes on undoing what it has changed; pause its incident to hold that back.";
  return mutated ? leasedText(await leasesOf(store, run)) : " It had changed nothing.";
}

function isCalling({ steps }: Run): boolean {
  return [...steps.values()].some((step) => step.state !== "done" && step.effect !== "read");
}

async function leasesOf(store: Store, { created: { id, incidentId } }: Run): Promise<readonly string[]> {
  const ids = incidentId === undefined ? [] : await store.members(`incident:${incidentId}:leases`);
  const leases = await docs<Lease>(store, "lease", ids);
  return leases.flatMap((lease) => (lease.runId === id && lease.status === "active" ? [lease.id] : []));
}

function leasedText(leases: readonly string[]): string {
  const [only, ...more] = leases;
  if (only === undefined) return " What it has changed stays, and nothing undoes it by itself.";
  if (more.length === 0)
    return ` Lease ${only} ends at its time, and \`revert ${only}\` undoes it now; what has no lease stays.`;
  return ` The leases ${leases.join(", ")} end at their time, and \`revert\` undoes one now; what has no lease stays.`;
}

function inboxWrites(run: string, item: InboxItem): readonly Write[] {
  return [
    { write: "append", list: `inbox:${run}`, items: [item] },
    { write: "due", member: `run:${run}`, at: 0 },
  ];
}

function endText(run: Run): string {
  return run.ended ? endingText(run.ended) : "it is under way";
}
