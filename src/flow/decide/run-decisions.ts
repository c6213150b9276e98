import type { Actor, Decided, Decision } from "../../core/decision.ts";
import type { InboxItem } from "../../core/run/inbox.ts";
import type { Run } from "../../core/run/run.ts";
import { endingText } from "../../core/run/sentence.ts";
import { type DecideDeps, nameOf, readRun, refuse } from "./deps.ts";

/** Puts the answer to an unknown outcome before its run. */
export async function answer(
  deps: DecideDeps,
  actor: Actor,
  decision: Extract<Decision, { verb: "answer" }>,
): Promise<Decided> {
  const run = await readRun(deps.store, decision.run);
  if (!run) return refuse("not_found", `no run ${decision.run}`);
  if (!run.unknown) return refuse("conflict", `run ${decision.run} asks nothing: ${endText(run)}`);
  const { path } = run.unknown;
  await post(deps, decision.run, {
    kind: "answer",
    at: await deps.store.now(),
    answer: decision.answer,
    by: nameOf(actor),
  });
  return { ok: true, sentence: `noted: ${path} is ${decision.answer}; run ${decision.run} goes on from there` };
}

/** Stops a run before its next step; a call under way is still settled first. */
export async function cancel(
  deps: DecideDeps,
  actor: Actor,
  decision: Extract<Decision, { verb: "cancel" }>,
): Promise<Decided> {
  const run = await readRun(deps.store, decision.run);
  if (!run) return refuse("not_found", `no run ${decision.run}`);
  if (run.ended) return refuse("conflict", `run ${decision.run} has ended: ${endText(run)}`);
  await post(deps, decision.run, {
    kind: "cancel",
    at: await deps.store.now(),
    by: nameOf(actor),
    reason: decision.reason ?? "",
  });
  const kept = run.mutated
    ? " What it has changed stays until its lease ends; `revert` undoes it now."
    : " It had changed nothing.";
  return { ok: true, sentence: `cancelling ${decision.run}: no further step is started.${kept}` };
}

async function post(deps: DecideDeps, run: string, item: InboxItem): Promise<void> {
  const committed = await deps.store.commit({
    checks: [],
    writes: [
      { write: "append", list: `inbox:${run}`, items: [item] },
      { write: "due", member: `run:${run}`, at: 0 },
    ],
  });
  await deps.queue.wake(`run:${run}`, committed.now);
}

function endText(run: Run): string {
  return run.ended ? endingText(run.ended) : "it is under way";
}
