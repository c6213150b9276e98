type Texts = Readonly<Record<string, string>>;

/** The longest text of a label or an annotation that is kept, in UTF-16 units. */
export const LONGEST_VALUE = 16_384;

const CUT = "…";

/** Cut to the longest value that is kept, at a whole character. */
export function cut(text: string): string {
  if (text.length <= LONGEST_VALUE) return text;
  return text.slice(0, LONGEST_VALUE - CUT.length).replace(/[\uD800-\uDBFF]$/, "") + CUT;
}

/** As long as what `cut` leaves, and ending like it. */
function isCut(text: string): boolean {
  return text.length >= LONGEST_VALUE - 1 && text.endsWith(CUT);
}

/**
 * What of these texts may be acted on: one that was cut is for people to read, and to an expression it is missing, since a list that
 * has lost its tail would be taken for the whole. The same object where none was cut.
 */
export function uncut(texts: Texts): Texts {
  for (const name in texts) {
    if (isCut(texts[name] ?? "")) return Object.fromEntries(Object.entries(texts).filter(([, text]) => !isCut(text)));
  }
  return texts;
}
