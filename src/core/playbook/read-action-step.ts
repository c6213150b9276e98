import type { ExpressionCompiler } from "../expression.ts";
import { suggestion } from "../near.ts";
import type { Template } from "../scope.ts";
import { mapTemplate } from "../typed-template.ts";
import { childNode, fault, type MapNode, type Node, type Reader, readMap } from "../yaml/node.ts";
import { boolean, duration, integer, listOf, oneOf, text, textLike } from "../yaml/readers.ts";
import type { CatalogAction } from "./catalog.ts";
import { condition, instantExpression, template } from "./expressions.ts";
import { GRAMMARS } from "./grammar.ts";
import { checkInstallation } from "./installation.ts";
import { after, compilerAt, type Place } from "./place.ts";
import type { ActionStep, LeaseTerms } from "./playbook.ts";
import { readBounds } from "./read-bounds.ts";
import { checkInput } from "./static-input.ts";

/** What the common keys of a step gave. */
export type StepHead = Pick<ActionStep, "id" | "name" | "if">;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const TIMEOUT = 5 * MINUTE;
const NO_RETRY: ActionStep["retry"] = { attempts: 1, delay: 10 * SECOND, backoff: "exponential" };

/** A step that calls one action. `map` is the step, already checked against the grammar of such steps. */
export function readActionStep(map: MapNode, head: StepHead, place: Place): ActionStep | undefined {
  const compiler = compilerAt(place);
  const called = readCall(map, place, compiler);
  const bounded = map.optional(
    "bounded-by",
    (node) => called && readBounds(node, { ...called, given: inputOf(map), compiler }),
  );
  const itself = after(place, [head.id]);
  const lease = map.optional("lease", (node) => readLease(node, compilerAt(itself)));
  if (lease && called && !called.action.revert)
    fault(childNode(map.node, "lease", lease), `${called.uses} cannot be undone, so it can have no lease`);
  const approval = map.optional("approval", (node) => readStepApproval(node, compiler));
  const group = map.optional("group", text);
  const rest = {
    timeout: map.withDefault("timeout", duration(SECOND, "1s"), TIMEOUT),
    retry: map.withDefault("retry", readRetry, NO_RETRY),
    continueOnError: map.withDefault("continue-on-error", boolean, false),
  };
  if (called === undefined) return undefined;
  const optional = {
    ...(bounded && { boundedBy: bounded }),
    ...(lease && { lease }),
    ...(approval && { approval }),
    ...(group !== undefined && { group }),
  };
  return { kind: "action", ...head, uses: called.uses, with: called.with, ...rest, ...optional };
}

function inputOf(map: MapNode): unknown {
  return map.optional("with", ({ value }) => value);
}

/** An action by name with its input. */
export type Call = { uses: string; action: CatalogAction; with: Template<Readonly<Record<string, unknown>>> };

/** `uses` and `with` of a step or a check; what is written out is checked against the action's schema. */
export function readCall(map: MapNode, { env }: Place, compiler: ExpressionCompiler): Call | undefined {
  const uses = map.required("uses", (node) => readActionName(node, env.actions));
  const given = map.has("with") ? map.optional("with", readInput(compiler)) : emptyInput();
  const action = uses === undefined ? undefined : env.actions.get(uses);
  if (uses === undefined || action === undefined) return undefined;
  const node = map.optional("with", (found) => found) ?? childNode(map.node, "with", {});
  checkInput(node, uses, action);
  checkInstallation(map, { given: node, uses, action }, env);
  return given && { uses, action, with: given };
}

function readActionName(node: Node, actions: ReadonlyMap<string, unknown>): string | undefined {
  const name = text(node);
  if (name === undefined || actions.has(name)) return name;
  return fault(node, `there is no action ${name}${suggestion(name, actions.keys())}`);
}

function readInput(compiler: ExpressionCompiler): Reader<Template<Readonly<Record<string, unknown>>>> {
  const read = template(compiler);
  return (node) => {
    if (typeof node.value !== "object" || node.value === null || Array.isArray(node.value))
      return fault(node, "write a map of inputs");
    const made = read(node);
    return made && mapTemplate(made.template);
  };
}

function emptyInput(): Template<Readonly<Record<string, unknown>>> {
  return { text: "{}", reads: [], render: () => ({ known: true, value: {} }) };
}

function readRetry(node: Node): ActionStep["retry"] | undefined {
  const map = readMap(node, GRAMMARS.retry);
  if (!map) return undefined;
  return {
    attempts: map.required("attempts", integer(1, 20)) ?? NO_RETRY.attempts,
    delay: map.withDefault("delay", duration(), NO_RETRY.delay),
    backoff: map.withDefault("backoff", oneOf(["constant", "exponential"]), NO_RETRY.backoff),
  };
}

function readStepApproval(node: Node, compiler: ExpressionCompiler): ActionStep["approval"] {
  const map = readMap(node, GRAMMARS.stepApproval);
  const askUnless = map?.optional("ask-unless", condition(compiler));
  const required = map?.optional("required", integer(1, 10));
  return { ...(askUnless && { askUnless }), ...(required !== undefined && { required }) };
}

function readLease(node: Node, compiler: ExpressionCompiler): LeaseTerms | undefined {
  const map = readMap(node, GRAMMARS.lease);
  if (!map) return undefined;
  if (map.has("for") === map.has("until")) fault(node, "a lease has either for or until");
  const length = map.optional("for", duration(SECOND, "1s"));
  const until = map.optional("until", instantExpression(compiler));
  const bake = map.optional("bake", duration());
  return {
    ...(length !== undefined && { for: length }),
    ...(until && { until }),
    releaseWhen: map.withDefault("release-when", listOf(condition(compiler), 1), []),
    ...(bake !== undefined && { bake }),
    onEnd: map.withDefault("then", readLeaseEnd, { kind: "revert" }),
  };
}

function readLeaseEnd(node: Node): LeaseTerms["onEnd"] | undefined {
  const said = textLike(/^(revert|playbook:[a-z][a-z0-9-]*)$/, "revert or playbook:NAME")(node);
  if (said === undefined) return undefined;
  return said === "revert" ? { kind: "revert" } : { kind: "playbook", name: said.slice("playbook:".length) };
}
