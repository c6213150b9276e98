import { cutText, redactText } from "./redact.ts";

const GAPS = /[\s\u0085\u2028\u2029]+/g;
const INVISIBLE = /[\p{Cc}\u00AD\u061C\u180E\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]/gu;
const LONE_SURROGATE = /\p{Cs}/gu;

/**
 * Foreign text as one line without control, bidirectional and zero-width characters, so that it cannot forge a line or reorder
 * its neighbours; known shapes of secrets are replaced; cut to `max` UTF-16 units.
 */
export function oneLine(text: string, max = 500): string {
  const line = redactText(cutText(text, max * 4))
    .replace(GAPS, " ")
    .replace(INVISIBLE, "")
    .replace(LONE_SURROGATE, "\uFFFD")
    .trim();
  return line.length <= max ? line : `${line.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
