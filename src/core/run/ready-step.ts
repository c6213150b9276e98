import type { z } from "zod";
import type { AnyAction, Effect } from "../action.ts";
import { issueText } from "../issue.ts";
import type { ActionStep } from "../playbook/playbook.ts";
import { lostFrom, redact } from "../redact.ts";
import type { MoveInputs, ReadyStep } from "./move.ts";
import type { Run } from "./run.ts";
import { scopeOf } from "./scope.ts";
import type { Item } from "./walk.ts";

export type Rendered =
  | { ok: true; step: ReadyStep }
  | { ok: false; reason: "condition_unknown"; message: string }
  /** `input`: what was refused. */
  | { ok: false; reason: "invalid_input"; message: string; input: Readonly<Record<string, unknown>> };

export type Place = { step: ActionStep; path: string; attempt: number; item: Item | undefined };

/** Renders a step's input and checks it against the action's schema; nothing is called. */
export function readyStep(run: Run, place: Place, inputs: MoveInputs): Rendered {
  const rendered = place.step.with.render(scopeOf(run, inputs.now, place));
  if (!rendered.known) {
    const where = place.step.with.text === "" ? "" : "with: ";
    return { ok: false, reason: "condition_unknown", message: `${where}${rendered.why}` };
  }
  return readyFrom(run, place, rendered.value, inputs);
}

/** The step with this input, checked against the action's schema and what its connection allows. */
export function readyFrom(
  run: Run,
  { step, path, attempt }: Place,
  value: Readonly<Record<string, unknown>>,
  inputs: MoveInputs,
): Rendered {
  const refused = (message: string): Rendered => ({ ok: false, reason: "invalid_input", message, input: value });
  const action = inputs.actions.get(step.uses);
  if (!action) return refused(`no action ${step.uses}`);
  const parsed = action.input.safeParse(value);
  if (!parsed.success) return refused(`with: ${inputFaults(parsed.error, value)}`);
  const input = parsed.data;
  const effect = typeof action.effect === "function" ? action.effect(input) : action.effect;
  const lost = effect === "read" ? undefined : lostFrom(input);
  if (lost !== undefined) return refused(`with: ${lost}`);
  const undo = run.created.trigger === "revert";
  try {
    const targets = action.targets(input, inputs.connections);
    const where = effect === "read" ? {} : placeOf(action, input, inputs);
    const fault = effect === "read" || undo ? undefined : action.faults?.(input, inputs.connections)[0];
    if (fault) return refused(`with: ${fault.key}: ${fault.message}`);
    return { ok: true, step: { path, step, uses: step.uses, attempt, input, effect, targets, ...where, undo } };
  } catch (error) {
    // A connection that was removed meanwhile is a predicted failure.
    return refused(error instanceof Error ? error.message : "targets cannot be named");
  }
}

function placeOf(
  { connection }: AnyAction,
  { connection: name }: Readonly<Record<string, unknown>>,
  { connections }: MoveInputs,
): { place?: string } {
  if (connection === undefined) return {};
  const { place } = connections.find(connection, typeof name === "string" ? name : undefined);
  return place === undefined ? {} : { place };
}

const SHOWN = 60;

/** What is wrong with a rendered input, and what it had become there; secrets are not shown. */
function inputFaults({ issues }: z.ZodError, input: Readonly<Record<string, unknown>>): string {
  const faults = issues.map((issue) => {
    const [key, ...inner] = issue.path.map(String);
    const value = key === undefined ? undefined : redact({ [key]: input[key] })[key];
    const came = value === undefined ? "" : `; it came to ${JSON.stringify(value).slice(0, SHOWN)}`;
    return `${[key ?? "input", ...inner].join(".")}: ${issueText(issue)}${came}`;
  });
  return faults.join("; ");
}

/** Whether a step may change the world; an effect that depends on the input counts as mutating. */
export function isMutating(step: ActionStep, inputs: Pick<MoveInputs, "actions">): boolean {
  const effect: Effect | undefined = fixedEffect(step, inputs);
  return effect !== "read";
}

function fixedEffect(step: ActionStep, inputs: Pick<MoveInputs, "actions">): Effect | undefined {
  const effect = inputs.actions.get(step.uses)?.effect;
  return typeof effect === "function" ? undefined : effect;
}
