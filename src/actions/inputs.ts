import { RE2JS } from "re2js";
import { z } from "zod";

/** The name of a connection; without it, the only one of its kind is meant. */
export const ConnectionName = z.string().min(1).max(100).optional();

/** What a URL takes as "here" and "up"; some servers leave out what follows a `;` first. */
const DOTS = /^\.{1,2}(;|$)/;

/**
 * Whether a path has a segment that leads up, also to a server on the way that decodes it before it resolves it, or takes `\` for `/`:
 * `%2F..%2F` in a label must not lead to another resource.
 */
function climbs(path: string): boolean {
  let text = path;
  for (let before = ""; text !== before; ) {
    before = text;
    text = before.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
  return text.split(/[/\\]/).some((segment) => DOTS.test(segment));
}

/** A path below a connection's address: from the root, on one line, and never back up. */
export const Path = z
  .string()
  .max(2_048)
  .regex(/^\/(?!\/)[^\s#\\]*$/, "a path begins with one / and holds no blanks, # or \\")
  .refine((path) => !climbs(path.split("?")[0] ?? ""), "a path has no segments . or .., encoded ones included");

/** Seconds a call may take, at most 25, so that an action answers within 30. */
export const TimeoutSeconds = z.number().positive().max(25);

/** The runtime value of a setting; null stands for its absence. */
export const SettingValue = z.union([z.number(), z.boolean(), z.string().max(1_024), z.null()]);
export type SettingValue = z.infer<typeof SettingValue>;

/** An RE2 expression: linear in the text, whatever a playbook's author writes. */
export const RePattern = z.string().min(1).max(1_000).refine(isExpression, "not an RE2 expression");

function isExpression(text: string): boolean {
  try {
    RE2JS.compile(text);
    return true;
  } catch {
    return false;
  }
}
