type Hint = (before: string, rest: string) => string | undefined;

/** What people write out of habit from other languages, and how CEL says it. */
const HINTS: readonly Hint[] = [
  (_, rest) => (/^and\b/i.test(rest) ? "CEL writes && for and" : undefined),
  (_, rest) => (/^or\b/i.test(rest) ? "CEL writes || for or" : undefined),
  (before, rest) => (/\bnot\s*$/i.test(before) || /^not\b/i.test(rest) ? "CEL writes ! for not" : undefined),
  (before, rest) => (/^=(?!=)/.test(rest) && !/=$/.test(before) ? "CEL compares with ==" : undefined),
  (before, rest) => {
    const [, number] = /(?:^|[^\w.])(\d+)$/.exec(before) ?? [];
    const [unit] = /^(?:ms|h|m|s)\b/.exec(rest) ?? [];
    return number && unit ? `write a time as duration("${number}${unit}")` : undefined;
  },
];

/** What a syntax error at this place probably means; empty when nothing is known of it. */
export function syntaxHint(text: string, at: number): string {
  const [before, rest] = [text.slice(0, at), text.slice(at)];
  const [hint] = HINTS.flatMap((one) => one(before, rest) ?? []);
  return hint === undefined ? "" : `; ${hint}`;
}
