import type { ActionTable } from "../../core/action.ts";
import type { Connections } from "../../core/connection.ts";
import type { Plan } from "../../core/desk.ts";
import type { Playbook, Step } from "../../core/playbook/playbook.ts";
import { redact } from "../../core/redact.ts";
import type { RunCreated } from "../../core/run/events.ts";
import type { MoveInputs } from "../../core/run/move.ts";
import { type AheadStep, planAhead } from "../../core/run/plan.ts";
import { readyStep } from "../../core/run/ready-step.ts";
import { newRun, type Run } from "../../core/run/run.ts";
import { scopeOf } from "../../core/run/scope.ts";

export type PlannedRun = Plan["runs"][number];
type Row = PlannedRun["steps"][number];
/** `within`: by path, the steps whose open inputs an approval would cover by their bounds. */
type View = { run: Run; inputs: MoveInputs; within: ReadonlyMap<string, AheadStep> };

/** What a run would do, step by step, as far as it can be known without calling anything. */
export function plannedRun(
  created: RunCreated,
  playbook: Playbook,
  tools: { actions: ActionTable; connections: Connections },
): PlannedRun {
  const run = newRun(created);
  const inputs: MoveInputs = { ...tools, now: created.at, epoch: 0, inbox: [] };
  const bounded = planAhead(run, playbook.steps, inputs).filter((step) => step.bounds !== undefined);
  const view: View = { run, inputs, within: new Map(bounded.map((step) => [step.path, step])) };
  const { target, autonomy, severity } = created;
  return { playbook: playbook.name, target, autonomy, severity, steps: rowsOf(view, playbook.steps, "") };
}

function rowsOf(view: View, steps: readonly Step[], prefix: string): readonly Row[] {
  return steps.flatMap((step) => rowsOfStep(view, step, prefix + step.id));
}

function rowsOfStep(view: View, step: Step, path: string): readonly Row[] {
  const note = conditionNote(view, step);
  switch (step.kind) {
    case "action":
      return [actionRow(view, step, path, note)];
    case "wait":
      return [{ path, describe: `wait ${step.for / 1000} s`, ...note }];
    case "switch":
      return [
        { path, describe: "take the first case that holds", ...note },
        ...step.cases.flatMap((one, number) => [
          { path: `${path}/${number}`, describe: `when ${one.when.text}` },
          ...rowsOf(view, one.steps, `${path}/${number}/`),
        ]),
        ...(step.default.length === 0
          ? []
          : [{ path: `${path}/default`, describe: "otherwise" }, ...rowsOf(view, step.default, `${path}/default/`)]),
      ];
    case "parallel":
      return [{ path, describe: "read these together", ...note }, ...rowsOf(view, step.steps, `${path}/`)];
    case "for-each":
      return [
        { path, describe: `for each ${step.as} of ${step.items.text}`, ...note },
        ...rowsOf(view, step.steps, `${path}/?/`),
      ];
    default:
      return step satisfies never;
  }
}

function conditionNote(view: View, step: Step): { note?: string } {
  if (!step.if) return {};
  const answer = step.if.test(scopeOf(view.run, view.inputs.now));
  if (!answer.known) return { note: `if ${step.if.text}: not known before it runs` };
  return { note: `if ${step.if.text}: ${answer.value ? "holds" : "does not hold, skipped"}` };
}

function actionRow(view: View, step: Extract<Step, { kind: "action" }>, path: string, note: { note?: string }): Row {
  const bounded = view.within.get(path);
  if (bounded) return boundedRow(bounded, note);
  const action = view.inputs.actions.get(step.uses);
  const ready = readyStep(view.run, { step, path, attempt: 1, item: undefined }, view.inputs);
  if (!ready.ok)
    return {
      path,
      uses: step.uses,
      describe: step.name ?? step.uses,
      note: note.note ?? `not known before it runs: ${ready.message}`,
    };
  const { effect, input } = ready.step;
  return {
    path,
    uses: step.uses,
    effect,
    describe: action?.describe(input) ?? step.uses,
    input: redact(input),
    ...note,
  };
}

/** As an approval shows it: `desired: pending, 1 to 4`. */
function boundedRow({ path, uses, effect, describe, input, bounds }: AheadStep, note: { note?: string }): Row {
  return { path, uses, effect, describe, input, ...(bounds && { bounds }), ...note };
}
