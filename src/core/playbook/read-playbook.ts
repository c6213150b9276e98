import { CEL_WORDS, type CelType, ID } from "../cel/names.ts";
import { expressionCompiler } from "../expression.ts";
import { isPlainObject } from "../json.ts";
import { suggestion } from "../near.ts";
import type { Template } from "../scope.ts";
import { SEVERITIES } from "../severity.ts";
import { childNode, fault, type MapNode, type Node, readMap, slip } from "../yaml/node.ts";
import { boolean, duration, integer, listOf, matcher, oneOf, text, textLike } from "../yaml/readers.ts";
import type { PlaybookEnvironment } from "./catalog.ts";
import { checkVeto } from "./check-veto.ts";
import { checkVoters } from "./check-voters.ts";
import { template, textWith } from "./expressions.ts";
import { GRAMMARS } from "./grammar.ts";
import { constantVars, declaredTargets } from "./installation.ts";
import { afterAll, compilerAt, placeAtStart } from "./place.ts";
import { type ApprovalPolicy, AUTONOMY_LEVELS, type BudgetWindow, ON_FAILURE, type Playbook } from "./playbook.ts";
import { checkIds, readSteps } from "./read-steps.ts";
import { verification } from "./read-verify.ts";

const NAME = textLike(/^[a-z0-9][a-z0-9-]{0,79}$/, "a name; names are small letters, digits and -");
/** A worker that goes on at once needs a moment, too. */
const LEAST_VALID_FOR = 10_000;

/** A playbook without what only its file knows. Undefined when something necessary has a fault; faults are in the node's sink. */
export function readPlaybook(
  node: Node,
  env: PlaybookEnvironment,
): Omit<Playbook, "file" | "text" | "digest" | "findings"> | undefined {
  const map = readMap(node, GRAMMARS.playbook);
  if (!map) return undefined;
  const name = map.required("name", NAME);
  const vars = readVars(map, env);
  const constants = constantVars(node.value, env.vars);
  const declared = declaredTargets(node.value, constants);
  const own = { ...env, constants, ...(declared && { declared }) };
  const start = placeAtStart(own, vars.types, isPlainObject(node.value) ? node.value["steps"] : undefined);
  const target = map.required("target", textWith(compilerAt(start)));
  const steps = map.required("steps", (list) => readSteps(list, start).steps);
  map.optional("steps", (list) => checkIds(list));
  const verify = map.optional("verify", verification(afterAll(start)));
  const approval = map.optional("approval", (policy) => readApproval(policy, env));
  if (approval?.veto !== undefined) {
    checkVeto(childNode(node, "approval", undefined), { steps: steps ?? [], required: approval.required }, env);
  }
  const about = { ...readHeader(map), ...readRules(map) };
  checkVoters(map, { ...about, steps: steps ?? [], ...(approval && { approval }) }, env);
  const alsoTargets = map.withDefault("also-targets", listOf(textWith(compilerAt(start))), []);
  if (name === undefined || target === undefined || steps === undefined) return undefined;
  const optional = { ...(verify && { verify }), ...(approval && { approval }) };
  return { name, ...about, vars: vars.templates, target, alsoTargets, steps, ...optional };
}

function readHeader(map: MapNode): Pick<Playbook, "description" | "runbook" | "owner"> {
  const runbook = map.optional("runbook", text);
  const owner = map.optional("owner", text);
  return {
    description: map.withDefault("description", text, ""),
    ...(runbook !== undefined && { runbook }),
    ...(owner !== undefined && { owner }),
  };
}

type Rules = Pick<Playbook, "match" | "severity" | "priority" | "autonomy" | "limits" | "onFailure" | "on">;

function readRules(map: MapNode): Rules {
  const on = map.withDefault<Playbook["on"]>("on", oneOf(["firing", "recovered", "manual"]), "firing");
  return {
    match: readMatch(map, on),
    severity: map.withDefault("severity", listOf(oneOf(SEVERITIES), 1), SEVERITIES),
    priority: map.withDefault("priority", integer(-1_000_000, 1_000_000), 0),
    autonomy: map.withDefault("autonomy", readAutonomy, {}),
    limits: map.withDefault("limits", readLimits, { budget: [] }),
    onFailure: map.withDefault("on-failure", listOf(oneOf(ON_FAILURE)), ON_FAILURE),
    on,
  };
}

/** An empty selector would mean everything, and so would one that a missing label satisfies. */
function readMatch(map: MapNode, on: Playbook["on"]): Playbook["match"] {
  if (on === "manual" && !map.has("match")) return [];
  const found = map.required("match", listOf(matcher, 1)) ?? [];
  const given = map.optional("match", ({ value }) => (Array.isArray(value) ? value.length : 0));
  if (found.length > 0 && found.length === given && found.every((one) => one.test({}))) {
    map.optional("match", (node) =>
      fault(node, "it matches an alert without labels, so it would match far too much; demand a value of some label"),
    );
  }
  return found;
}

function readAutonomy(node: Node): Playbook["autonomy"] | undefined {
  const map = readMap(node, GRAMMARS.autonomy);
  const rows = SEVERITIES.flatMap((severity) => {
    const level = map?.optional(severity, oneOf(AUTONOMY_LEVELS));
    return level === undefined ? [] : [[severity, level] as const];
  });
  return Object.fromEntries(rows);
}

function readLimits(node: Node): Playbook["limits"] | undefined {
  const map = readMap(node, GRAMMARS.limits);
  const cooldown = map?.optional("cooldown", duration());
  const budget = map?.optional("budget", listOf(readWindow, 1)) ?? [];
  return { budget, ...(cooldown !== undefined && { cooldown }) };
}

function readWindow(node: Node): BudgetWindow | undefined {
  const map = readMap(node, GRAMMARS.window);
  const runs = map?.required("runs", integer(1));
  const per = map?.required("per", duration(1_000, "1s"));
  return runs === undefined || per === undefined ? undefined : { runs, per };
}

function readApproval(node: Node, env: PlaybookEnvironment): Partial<ApprovalPolicy> | undefined {
  const map = readMap(node, GRAMMARS.approval);
  if (!map) return undefined;
  const policy = {
    group: map.optional("group", (name) => readGroup(name, env)),
    required: map.optional("required", integer(1, 10)),
    requesterMayApprove: map.optional("requester-may-approve", boolean),
    expires: map.optional("expires", duration(1_000, "1s")),
    validFor: map.optional("valid-for", duration(LEAST_VALID_FOR, "10s")),
    onExpiry: map.optional("on-expiry", oneOf(["deny", "escalate"])),
    veto: map.optional("veto", duration(1_000, "1s")),
  };
  return Object.fromEntries(Object.entries(policy).filter(([, value]) => value !== undefined));
}

function readGroup(node: Node, { groups }: PlaybookEnvironment): string | undefined {
  const name = text(node);
  if (name === undefined || groups === undefined || groups.includes(name)) return name;
  return fault(node, `there is no approval group ${name}${suggestion(name, groups)}`);
}

type Vars = { templates: Readonly<Record<string, Template>>; types: ReadonlyMap<string, CelType> };

/** Vars of `stanch.yaml` first, then the playbook's own; each sees those before it. */
function readVars(map: MapNode, env: PlaybookEnvironment): Vars {
  const templates: Record<string, Template> = {};
  const types = new Map<string, CelType>();
  const own = map.optional("vars", (node) => node);
  const add = (node: Node, name: string): void => {
    const compiler = expressionCompiler({
      facts: env.facts,
      vars: new Map(types),
      steps: new Map(),
      later: [],
      items: [],
    });
    const made = template(compiler)(node);
    types.set(name, made?.type ?? "dyn");
    if (made) templates[name] = made.template;
  };
  const given = own && isPlainObject(own.value) ? own.value : {};
  for (const [name, value] of Object.entries(env.vars))
    if (!Object.hasOwn(given, name)) addConstant(name, value, { templates, types });
  if (own && !isPlainObject(own.value)) fault(own, "vars are a map of names");
  for (const [name, value] of Object.entries(own ? given : {})) {
    const node = childNode(own ?? map.node, name, value);
    if (!ID.test(name))
      fault(
        node,
        `${JSON.stringify(name)} is not the name of a var; letters, digits and _, beginning with a small letter`,
      );
    else {
      if (CEL_WORDS.has(name)) slip(node, `${name} is a word of CEL, so no expression can name this var`);
      add(node, name);
    }
  }
  return { templates, types };
}

function addConstant(
  name: string,
  value: unknown,
  into: { templates: Record<string, Template>; types: Map<string, CelType> },
): void {
  const rendered = { known: true, value } as const;
  into.templates[name] = { text: JSON.stringify(value), reads: [], render: () => rendered };
  into.types.set(name, typeOf(value));
}

/** Values of `stanch.yaml` are taken as they are: an expression in one is just text. */
function typeOf(value: unknown): CelType {
  if (Array.isArray(value)) return "list<dyn>";
  if (isPlainObject(value)) return "map<string, dyn>";
  if (typeof value === "number") return "double";
  if (typeof value === "boolean") return "bool";
  return typeof value === "string" ? "string" : "dyn";
}
