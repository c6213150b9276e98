import type { Actor, Decided, Decision } from "../../core/decision.ts";
import type { Check } from "../../core/store.ts";
import type { Task } from "../../core/task.ts";
import type { Instant } from "../../core/time.ts";
import { withdrawalWrites } from "../task-withdrawal.ts";
import { type DecideDeps, nameOf, readDoc, readRun, refuse, say, settleChange } from "./deps.ts";

/** A person says that a task is done; the step that asked for it goes on. */
export async function complete(
  deps: DecideDeps,
  actor: Actor,
  decision: Extract<Decision, { verb: "complete" }>,
): Promise<Decided> {
  return settleChange(deps, async () => {
    const found = await readDoc<Task>(deps.store, "task", decision.task);
    if ("ok" in found) return found;
    const { body: task } = found;
    const closed = closedText(task);
    if (closed !== undefined) return refuse("conflict", closed);
    const now = await deps.store.now();
    const run = await readRun(deps.store, task.runId);
    if (!run || run.ended) return leftOver(found, now);
    const done: Task = {
      ...task,
      status: "done",
      by: nameOf(actor),
      doneAt: now,
      ...(decision.answer === undefined ? {} : { answer: decision.answer }),
    };
    const text = `${nameOf(actor)} did: ${task.ask}${decision.answer === undefined ? "" : ` (${decision.answer})`}`;
    const member = `run:${task.runId}`;
    const incident = task.incidentId ?? run.created.incidentId;
    return {
      change: {
        checks: [found.check],
        writes: [
          { write: "put", kind: "task", id: task.id, body: done },
          { write: "unindex", index: "tasks:open", member: task.id },
          { write: "due", member, at: 0 },
          ...say(incident, { at: now, kind: "decision", text, by: nameOf(actor) }),
        ],
        wake: [member],
      },
      decided: { ok: true, sentence: text },
    };
  });
}

/** For people who come too late; undefined while somebody waits for the task. */
function closedText({ id, status, by = "somebody" }: Task): string | undefined {
  switch (status) {
    case "open":
      return undefined;
    case "done":
      return `task ${id} was done already, by ${by}`;
    case "withdrawn":
      return `task ${id} was withdrawn: nothing waits for it any more`;
    default:
      return status satisfies never;
  }
}

/** A run that ended in a crash just after it had asked leaves its task open; it is closed when somebody comes to it. */
function leftOver({ body, check }: { body: Task; check: Check }, now: Instant) {
  const late: Task = { ...body, status: "withdrawn" };
  return {
    change: { checks: [check], writes: withdrawalWrites(body, now) },
    decided: refuse("conflict", closedText(late) ?? ""),
  };
}

/** Lifts a playbook's demotion. */
export async function resetDemotion(
  deps: DecideDeps,
  actor: Actor,
  decision: Extract<Decision, { verb: "reset" }>,
): Promise<Decided> {
  const { playbook } = decision;
  const found = await readDoc(deps.store, "demotion", playbook);
  if ("ok" in found) return refuse("not_found", `${playbook} is not demoted`);
  const committed = await deps.store.commit({
    checks: [found.check],
    writes: [
      { write: "delete", kind: "demotion", id: playbook },
      { write: "unindex", index: "demotions", member: playbook },
    ],
  });
  if (!committed.ok) return refuse("conflict", `${playbook} has changed at the same moment; try again`);
  return { ok: true, sentence: `${nameOf(actor)} reset ${playbook}: it has its own autonomy again` };
}
