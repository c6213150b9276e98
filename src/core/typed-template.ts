import { isPlainObject } from "./json.ts";
import type { Template } from "./scope.ts";

/** A template that gives text; what gives anything else is unknown when it is rendered. */
export function textTemplate(template: Template): Template<string> {
  return narrowed(template, (value) => typeof value === "string", "text");
}

/** A template that gives a list; what gives anything else is unknown when it is rendered. */
export function listTemplate(template: Template): Template<readonly unknown[]> {
  return narrowed<readonly unknown[]>(template, Array.isArray, "a list");
}

/** A template that gives a map; what gives anything else is unknown when it is rendered. */
export function mapTemplate(template: Template): Template<Readonly<Record<string, unknown>>> {
  return narrowed(template, isPlainObject, "a map");
}

function narrowed<T>({ text, reads, render }: Template, is: (value: unknown) => value is T, what: string): Template<T> {
  return {
    text,
    reads,
    render(scope) {
      const rendered = render(scope);
      if (!rendered.known) return rendered;
      return is(rendered.value)
        ? { known: true, value: rendered.value }
        : { known: false, why: `${text} does not give ${what}` };
    },
  };
}
