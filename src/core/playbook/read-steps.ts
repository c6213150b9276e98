import { CEL_WORDS, ID, TAKEN } from "../cel/names.ts";
import { isPlainObject } from "../json.ts";
import { MAX_ITEMS } from "../run/rounds.ts";
import { listTemplate } from "../typed-template.ts";
import { childNode, fault, type Grammar, kindOf, type MapNode, type Node, readMap, slip } from "../yaml/node.ts";
import { duration, listOf, text, textLike } from "../yaml/readers.ts";
import { onlyReads } from "./catalog.ts";
import { condition, template } from "./expressions.ts";
import { GRAMMARS } from "./grammar.ts";
import { after, compilerAt, idsWithin, type Place } from "./place.ts";
import type { ActionStep, ForEachStep, ParallelStep, Step, SwitchStep, WaitStep } from "./playbook.ts";
import { readActionStep, type StepHead } from "./read-action-step.ts";
import { verification } from "./read-verify.ts";

/** Steps in order, each seeing those before it. Gives the place after them. */
export function readSteps(node: Node, place: Place): { steps: readonly Step[]; place: Place } {
  let here = place;
  const steps = listOf((item) => {
    const step = readStep(item, here);
    here = after(here, idsOf(item));
    return step;
  }, 1)(node);
  return { steps: steps ?? [], place: here };
}

/** So that a faulty step, or one within it, does not make those after it faulty too. */
function idsOf({ value }: Node): readonly string[] {
  return idsWithin([value]).map(({ id }) => id);
}

/** The steps directly within a block, whatever branch they are in. */
export function innerSteps(step: Step): readonly Step[] {
  switch (step.kind) {
    case "action":
    case "wait":
      return [];
    case "switch":
      return [...step.cases.flatMap((one) => one.steps), ...step.default];
    case "parallel":
    case "for-each":
      return step.steps;
    default:
      return step satisfies never;
  }
}

type Kind = { key: string; grammar: Grammar; read(map: MapNode, head: StepHead, place: Place): Step | undefined };

/** Kinds of steps by the key that makes them one. */
const KINDS: readonly Kind[] = [
  { key: "uses", grammar: GRAMMARS.action, read: readActionStep },
  { key: "switch", grammar: GRAMMARS.switch, read: readSwitch },
  { key: "parallel", grammar: GRAMMARS.parallel, read: readParallel },
  { key: "for-each", grammar: GRAMMARS.forEach, read: readForEach },
  { key: "wait", grammar: GRAMMARS.wait, read: readWait },
];

function readStep(node: Node, place: Place): Step | undefined {
  const { value } = node;
  if (!isPlainObject(value)) return fault(node, `a step is a map of keys, not ${kindOf(value)}`);
  const kind = KINDS.find(({ key }) => Object.hasOwn(value, key));
  if (!kind) return fault(node, `a step needs one of ${KINDS.map(({ key }) => key).join(", ")}`);
  const map = readMap(node, kind.grammar);
  if (!map) return undefined;
  const id = map.required("id", stepId);
  const name = map.optional("name", text);
  const when = map.optional("if", condition(compilerAt(place)));
  const step = kind.read(map, { id: id ?? "", ...(name !== undefined && { name }), ...(when && { if: when }) }, place);
  return id === undefined ? undefined : step;
}

const idText = textLike(ID, "an id; ids are letters, digits and _, and begin with a small letter");

function stepId(node: Node): string | undefined {
  const id = idText(node);
  if (id !== undefined && CEL_WORDS.has(id)) slip(node, `${id} is a word of CEL, so no expression can name this step`);
  return id;
}

function readSwitch(map: MapNode, head: StepHead, place: Place): SwitchStep | undefined {
  const cases = map.required(
    "switch",
    listOf((item) => readCase(item, place), 1),
  );
  const otherwise = map.optional("default", (node) => readSteps(node, place).steps);
  return cases && { kind: "switch", ...head, cases, default: otherwise ?? [] };
}

function readCase(node: Node, place: Place): SwitchStep["cases"][number] | undefined {
  const map = readMap(node, GRAMMARS.case);
  const when = map?.required("when", condition(compilerAt(place)));
  const steps = map?.required("steps", (list) => readSteps(list, place).steps);
  return when && steps && { when, steps };
}

/** Steps at the same time do not see each other, and only read. */
function readParallel(map: MapNode, head: StepHead, place: Place): ParallelStep | undefined {
  const read = (item: Node): ActionStep | undefined => {
    const step = readStep(item, place);
    if (step === undefined) return undefined;
    const action = step.kind === "action" ? place.env.actions.get(step.uses) : undefined;
    if (step.kind === "action" && action && onlyReads(action)) return step;
    return fault(
      item,
      `${step.kind === "action" ? step.uses : `a ${step.kind} step`} does more than read; parallel steps only read`,
    );
  };
  const steps = map.required("parallel", listOf(read, 1));
  return steps && { kind: "parallel", ...head, steps };
}

function readForEach(map: MapNode, head: StepHead, place: Place): ForEachStep | undefined {
  const items = map.required("for-each", (node) => readItems(node, place));
  const as = map.withDefault("as", (node) => readItemName(node, place), "item");
  const inside = { ...place, items: [...place.items.filter((name) => name !== as), as] };
  const body = map.required("steps", (node) => readSteps(node, inside));
  const wait = map.optional("wait", duration());
  const verify = map.optional("verify", verification(body ? { ...body.place, items: inside.items } : inside));
  if (items === undefined || body === undefined) return undefined;
  return {
    kind: "for-each",
    ...head,
    items,
    as,
    steps: body.steps,
    ...(wait !== undefined && { wait }),
    ...(verify && { verify }),
  };
}

function readItems(node: Node, place: Place): ForEachStep["items"] | undefined {
  const made = template(compilerAt(place))(node);
  if (made === undefined) return undefined;
  if (Array.isArray(node.value) && node.value.length > MAX_ITEMS)
    slip(node, `it has ${node.value.length} entries; at most ${MAX_ITEMS}`);
  if (made.type.startsWith("list") || made.type === "dyn") return listTemplate(made.template);
  return fault(node, `it gives ${made.type}, not a list`);
}

function readItemName(node: Node, place: Place): string | undefined {
  const name = textLike(ID, "a name for the item; letters, digits and _, beginning with a small letter")(node);
  if (name === undefined) return undefined;
  return TAKEN.has(name) || place.items.includes(name) ? fault(node, `${name} means something else already`) : name;
}

function readWait(map: MapNode, head: StepHead): WaitStep | undefined {
  const length = map.required("wait", duration(1_000, "1s"));
  return length === undefined ? undefined : { kind: "wait", ...head, for: length };
}

/** Ids name one step each in the whole playbook. */
export function checkIds(node: Node, seen = new Map<string, Node>()): void {
  if (Array.isArray(node.value)) {
    for (const [index, item] of node.value.entries()) checkIds(childNode(node, index, item), seen);
    return;
  }
  if (!isPlainObject(node.value)) return;
  const { id } = node.value;
  const idNode = childNode(node, "id", id);
  if (typeof id === "string" && seen.has(id)) fault(idNode, `the id ${id} is used twice`);
  else if (typeof id === "string") seen.set(id, idNode);
  for (const key of ["switch", "default", "parallel", "steps"]) {
    if (Object.hasOwn(node.value, key)) checkIds(childNode(node, key, node.value[key]), seen);
  }
}
