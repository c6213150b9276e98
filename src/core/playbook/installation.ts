import type { ConnectionKind, Connections } from "../connection.ts";
import { AppError, type Fault } from "../errors.ts";
import { isPlainObject } from "../json.ts";
import { childNode, type MapNode, type Node, placed } from "../yaml/node.ts";
import { type CatalogAction, fixedEffect, type PlaybookEnvironment } from "./catalog.ts";
import type { Playbook } from "./playbook.ts";
import { hasExpression, writtenOut } from "./static-input.ts";

/**
 * What can only fail with this `stanch.yaml`: a connection that is missing, a setting that is not listed. `blocks`: the playbook
 * cannot do what it is for; a step with `continue-on-error` does not block. `lacks`: the kind of connection that was not found.
 */
export type Finding = Fault & { blocks: boolean; lacks?: ConnectionKind };

/** The playbooks that cannot run in this installation, each with what it lacks. */
export function unusableOf(playbooks: readonly Playbook[]): readonly { playbook: string; reason: string }[] {
  return playbooks.flatMap((playbook) => {
    const reason = unusable(playbook);
    return reason === undefined ? [] : [{ playbook: playbook.name, reason }];
  });
}

/** Why the playbook cannot run in this installation; undefined when it can, as far as is known before it runs. */
export function unusable({ findings }: Pick<Playbook, "findings">): string | undefined {
  return findings?.find(({ blocks }) => blocks)?.message;
}

/** `at`: what is blamed where no connection is named; without it, `uses`. */
type Called = { uses: string; action: CatalogAction; given: Node; at?: Node };
type Note = (at: Node, message: string, lacks?: ConnectionKind) => void;

/** Notes what this installation lacks for a call of an action. `map` is the step or the check, `given` its `with`. */
export function checkInstallation(map: MapNode, called: Called, env: PlaybookEnvironment): void {
  const { action, uses } = called;
  const { connections, constants = {} } = env;
  const given = { ...called.given, value: withConstants(called.given.value, constants) };
  if (connections === undefined || !isPlainObject(given.value)) return;
  const blocks = !(isPlainObject(map.node.value) && map.node.value["continue-on-error"] === true);
  const note: Note = (at, message, lacks) =>
    void at.sink.findings?.push({ ...placed(at, message), blocks, ...(lacks && { lacks }) });
  const at = called.at ?? childNode(map.node, "uses", uses);
  if (lacksConnection({ ...called, given, at }, connections, note)) return;
  const foreign = foreignTargets(given.value, action, { ...env, connections });
  if (foreign !== undefined) note(at, foreign);
}

/** What an expression gives is looked at when it runs. */
function lacksConnection(
  { given, action, uses, at }: Called & { at: Node },
  connections: Connections,
  note: Note,
): boolean {
  const kind = action.connection;
  const written = writtenOut(given.value);
  if (kind === undefined || !isPlainObject(written)) return false;
  const { connection } = written;
  const isNamed = Object.hasOwn(written, "connection");
  if (isNamed && typeof connection !== "string") return false;
  const missing = refusal(() => connections.find(kind, typeof connection === "string" ? connection : undefined));
  if (missing !== undefined) {
    note(isNamed ? childNode(given, "connection", connection) : at, missing, kind);
    return true;
  }
  const faults = action.faults?.(written, connections) ?? [];
  for (const { key, message } of faults) note(childNode(given, key, written[key]), `${uses}: ${message}`);
  return false;
}

/** The message of a foreseen refusal; undefined when there is none. */
function refusal(look: () => unknown): string | undefined {
  try {
    look();
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
}

/** A step that touches what the playbook does not declare would be denied each time (section 14.5); known where all is written out. */
function foreignTargets(
  input: Readonly<Record<string, unknown>>,
  action: CatalogAction,
  { declared, connections }: PlaybookEnvironment & { connections: Connections },
): string | undefined {
  if (declared === undefined || fixedEffect(action) === "read" || hasExpression(input)) return undefined;
  const known = [...declared, ...declared.map((target) => connections.lockKey?.(target) ?? target)];
  const foreign = targetsOf(action, input, connections).filter((target) => !known.includes(target));
  if (foreign.length === 0) return undefined;
  return `it touches ${foreign.join(", ")}, which is neither the target nor one of also-targets (${declared.join(", ")}), so it would be denied`;
}

/** None where the input does not fit: that is another fault. */
function targetsOf(
  action: CatalogAction,
  input: Readonly<Record<string, unknown>>,
  connections: Connections,
): readonly string[] {
  try {
    return action.targets?.(input, connections) ?? [];
  } catch (error) {
    if (error instanceof AppError) return [];
    throw error;
  }
}

/** The targets that a playbook declares, where all of them are known before it runs. */
export function declaredTargets(
  playbook: unknown,
  constants: Readonly<Record<string, unknown>>,
): readonly string[] | undefined {
  if (!isPlainObject(playbook)) return undefined;
  const also = playbook["also-targets"] ?? [];
  const all = [playbook["target"], ...(Array.isArray(also) ? also : [undefined])].map((one) =>
    withConstants(one, constants),
  );
  const texts = all.filter((one) => typeof one === "string").filter((one) => !hasExpression(one));
  return texts.length === all.length ? texts : undefined;
}

/** The vars whose values are written out, those of `stanch.yaml` under the playbook's own. */
export function constantVars(
  playbook: unknown,
  ofConfig: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const own = isPlainObject(playbook) && isPlainObject(playbook["vars"]) ? playbook["vars"] : {};
  const written = Object.entries(own).map(([name, value]) => [name, hasExpression(value) ? undefined : value]);
  return { ...ofConfig, ...Object.fromEntries(written) };
}

const VAR = /\$\{\{\s*vars\.([a-z][a-zA-Z0-9_]*)\s*\}\}/g;

/** The tree with such vars put in; every other expression stays. */
function withConstants(tree: unknown, constants: Readonly<Record<string, unknown>>): unknown {
  if (Array.isArray(tree)) return tree.map((inner: unknown) => withConstants(inner, constants));
  if (isPlainObject(tree))
    return Object.fromEntries(Object.entries(tree).map(([key, inner]) => [key, withConstants(inner, constants)]));
  if (typeof tree !== "string") return tree;
  const [whole, name = ""] = [...tree.matchAll(VAR)][0] ?? [];
  if (whole === tree && constants[name] !== undefined) return constants[name];
  return tree.replace(VAR, (expression, used: string) => {
    const value = constants[used];
    return typeof value === "string" || typeof value === "number" ? String(value) : expression;
  });
}
