import type { Playbook } from "../../core/playbook/playbook.ts";
import type { Scope } from "../../core/scope.ts";

type Vars = Readonly<Record<string, unknown>>;
type Asked = { playbook: Pick<Playbook, "name" | "vars">; vars?: Vars };
type Read = { ok: true; value: unknown } | { ok: false; reason: string };

/**
 * The vars of a run: what a person has given stands in for the playbook's own, as the same type, since commands and buttons carry text
 * only; the rest is rendered in its order.
 */
export function renderVars(
  { playbook, vars: given = {} }: Asked,
  scopeOf: (vars: Vars) => Scope,
): { ok: true; value: Vars } | { ok: false; reason: string } {
  const vars: Record<string, unknown> = {};
  for (const [name, template] of Object.entries(playbook.vars)) {
    const rendered = template.render(scopeOf(vars));
    const typed = name in given ? typedAs(rendered.known ? rendered.value : undefined, given[name]) : undefined;
    if (typed?.ok === false) return { ok: false, reason: `vars.${name} ${typed.reason}` };
    if (typed === undefined && !rendered.known)
      return { ok: false, reason: `vars.${name} ${template.text}: ${rendered.why}` };
    vars[name] = typed === undefined ? rendered.known && rendered.value : typed.value;
  }
  const unknown = Object.keys(given).find((name) => !(name in playbook.vars));
  return unknown === undefined
    ? { ok: true, value: vars }
    : { ok: false, reason: `${playbook.name} has no var ${unknown}` };
}

/** Text as what it stands in for; where that is text, or not known, it stays text. */
function typedAs(own: unknown, given: unknown): Read {
  if (typeof given !== "string" || (typeof own !== "number" && typeof own !== "boolean"))
    return { ok: true, value: given };
  const text = given.trim();
  if (typeof own === "boolean") {
    const isEither = text === "true" || text === "false";
    return isEither ? { ok: true, value: text === "true" } : { ok: false, reason: "takes true or false" };
  }
  const value = text === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? { ok: true, value } : { ok: false, reason: "takes a number" };
}
