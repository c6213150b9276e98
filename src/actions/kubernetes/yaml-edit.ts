import { isAlias, isCollection, isNode, isSeq, parseDocument, visit } from "yaml";
import { z } from "zod";
import { canonicalJson } from "../../core/json.ts";
import { asWritten, isRestorable, quoteAmbiguous } from "./yaml-scalar.ts";

/** A place in a YAML text: keys and indices from the top, because keys of models and routes hold dots. */
export const YamlPath = z
  .array(z.union([z.string().min(1).max(200), z.number().int().min(0)]))
  .min(1)
  .max(20);

/** One change of one value; null removes it. */
export const YamlChange = z.strictObject({
  path: YamlPath,
  value: z.json(),
  /** Refuse unless the new number is lower, or higher, than the present one. */
  only: z.enum(["lower", "higher"]).optional(),
  /** Change only if the present value is this one; a revert carries what stanch had set. */
  expected: z.json().optional(),
  /** The path may be new; a misspelt name would be otherwise added in silence. */
  create: z.boolean().optional(),
});
export type YamlChange = z.infer<typeof YamlChange>;

export type Json = z.infer<ReturnType<typeof z.json>>;

/** A refusal in words, with whether somebody else's change is the reason. */
export type EditFault = { ok: false; fault: string; conflict: boolean };
export type Edited = { ok: true; text: string; former: readonly Json[] };

const TEXT_LIMIT = 256 * 1024;

/** Applies changes to a YAML text and keeps its comments and order; all or none. `former` are the values before, null where none was. */
export function editYaml(text: string, changes: readonly YamlChange[]): Edited | EditFault {
  const opened = open(text);
  if (!opened.ok) return opened;
  const { document } = opened;
  const former: Json[] = [];
  for (const change of changes) {
    const present = valueAt(document.getIn(change.path));
    const fault = placeFault(document, change) ?? valueFault(change, present);
    if (fault) return fault;
    former.push(present);
    if (change.value === null) document.deleteIn(change.path);
    else document.setIn(change.path, quoteAmbiguous(document.createNode(change.value)));
  }
  return { ok: true, text: document.toString({ lineWidth: 0 }), former };
}

/** The values at these paths, null where there is none. */
export function readYaml(
  text: string,
  paths: readonly (readonly (string | number)[])[],
): { ok: true; values: readonly Json[] } | EditFault {
  const opened = open(text);
  if (!opened.ok) return opened;
  return { ok: true, values: paths.map((path) => valueAt(opened.document.getIn(path))) };
}

/** Equal as data, whatever the order of keys. */
export function isSame(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

type Opened = { ok: true; document: ReturnType<typeof parseDocument> };

function open(text: string): Opened | EditFault {
  if (Buffer.byteLength(text) > TEXT_LIMIT) return refuse(`it is longer than ${TEXT_LIMIT / 1024} KiB`);
  const document = parseDocument(text, { customTags: asWritten });
  if (document.errors.length > 0) return refuse("its present text is not valid YAML");
  let aliased = false;
  visit(document, (_key, node) => {
    if (isAlias(node)) aliased = true;
  });
  return aliased
    ? refuse("it uses aliases, so that one change could reach several places; edit it by hand")
    : { ok: true, document };
}

/** A misspelt name is not added in silence, and a missing parent never. */
function placeFault(document: Opened["document"], { path, value, create }: YamlChange): EditFault | undefined {
  const at = path.join(".");
  const parent = document.getIn(path.slice(0, -1));
  if (!isCollection(parent)) return refuse(`there is no ${at}; check the names`);
  if (isSeq(parent) && (value === null || !document.hasIn(path)))
    return refuse(`${at} is a place in a list: what stands there can be changed, not added or removed`);
  const present: unknown = valueAt(document.getIn(path));
  if (document.hasIn(path) && (present === null || !z.json().safeParse(present).success))
    return refuse(`${at} is null or no plain value, which could not be restored; edit it by hand`);
  const standing = document.getIn(path, true);
  if (isNode(standing) && !isRestorable(standing))
    return refuse(`${at} is written in a way that could not be restored as it is; edit it by hand`);
  const isMissing = !document.hasIn(path) && create !== true && value !== null;
  return isMissing ? refuse(`there is no ${at}; check the names, or set create`) : undefined;
}

function valueFault({ path, value, only, expected }: YamlChange, present: Json): EditFault | undefined {
  const at = path.join(".");
  if (isSame(present, value)) return undefined;
  if (expected !== undefined && !isSame(present, expected))
    return refuse(
      `${at} is ${show(present)} now, not ${show(expected)}; somebody changed it since, so decide by hand`,
      true,
    );
  if (only === undefined) return undefined;
  if (typeof present !== "number" || typeof value !== "number")
    return refuse(`${at}: ${show(present)} and ${show(value)} cannot be compared`);
  const fits = only === "lower" ? value < present : value > present;
  return fits ? undefined : refuse(`${at} is ${present}, so ${value} would not be ${only}`);
}

function refuse(fault: string, conflict = false): EditFault {
  return { ok: false, fault, conflict };
}

function valueAt(node: unknown): Json {
  const plain: unknown = isNode(node) ? node.toJSON() : node;
  return plain === undefined ? null : (plain as Json);
}

/** A value as messages show it, cut. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "unset";
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
