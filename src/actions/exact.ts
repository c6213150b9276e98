/** Digits that a number keeps for certain when it is read and written again. */
const EXACT_DIGITS = 15;

/** True for a number's text that comes back as the same number once it was read; a long id would be rounded. */
export function isExact(text: string): boolean {
  const [mantissa = ""] = text.split(/e/i);
  const digits = mantissa.replace(/\D/g, "").replace(/^0+/, "").length;
  return Number.isFinite(Number(text)) && (digits <= EXACT_DIGITS || JSON.stringify(Number(text)) === text);
}

/** The first number of a JSON text that would be written back as another one. */
export function inexactNumber(json: string): string | undefined {
  const numbers = json.replace(/"(?:[^"\\]|\\.)*"/g, "").match(/-?\d[\d.eE+-]*/g) ?? [];
  return numbers.find((text) => !isExact(text));
}
