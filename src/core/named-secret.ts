/** What tells that a value is one: `password=hunter2`, `"api_key": "…"`. What is counted in tokens, or passes tests, is none of it. */
const NAME =
  "(?<name>passw(?:or)?d|passwd|passphrase|[_-]pass|\\bpwd|secret(?:[-_]?access)?[-_]?key|client[-_]?secret|(?:api|access|private)[-_ ]?key|secret|token)";
const NAMED = new RegExp(
  `${NAME}(?<between>["']?\\s{0,4}(?<sign>[=:])\\s{0,4}(?<quote>["']?))(?<value>[^\\s"'&,;<>(){}]+)`,
  "gi",
);

/** What says something of a credential instead of being it, and what fills its place. */
const WORD =
  /^(?:\*+|\.+|(?:true|false|yes|no|null|none|nil|unset|empty|missing|required|invalid|wrong|expired|denied|rejected|revoked|unknown)\W?)$/i;
/** A measurement: `time_to_first_token=1.2s`. */
const NUMBER = /^[-+]?[\d.,]+(?:e[-+]?\d+)?(?:ms|s|us|µs|m|h|%|[kmgb]b?|\/s)?$/i;
const DIGIT = /\d/;
const LETTER = /[a-z]/i;
const SIGN = /[!@#$%^*]/;
const SHORTEST = 6;

/**
 * The text with the values put out that stand behind a telling name. Behind `=`, or in quotes, everything counts but words that say what is
 * wrong with a credential; behind `:` stand sentences as well, so there it has to look like one. Its time is linear in the text.
 */
export function withoutNamed(text: string, put: string): string {
  return text.replace(NAMED, (whole: string, ...found: unknown[]) => {
    const { name = "", between = "", sign, quote, value = "" } = found.at(-1) as Readonly<Record<string, string>>;
    const isMeant = sign === "=" || quote !== "" ? isValue(name, value) : isValue(name, value) && looksRandom(value);
    return isMeant ? `${name}${between}${put}` : whole;
  });
}

/** A bare `secret` is often the name of one (`secret=litellm-env`), a `token` often a number of them. */
function isValue(name: string, value: string): boolean {
  if (WORD.test(value) || value.startsWith("[") || value.startsWith("$")) return false;
  const kind = name.toLowerCase();
  if (kind === "token") return !NUMBER.test(value);
  return kind !== "secret" || (DIGIT.test(value) && LETTER.test(value));
}

function looksRandom(value: string): boolean {
  const hasSign = SIGN.test(value) || DIGIT.test(value);
  return value.length >= SHORTEST && LETTER.test(value) && hasSign && !value.includes("://");
}
