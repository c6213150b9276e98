/** What tells that a value is one: `password=hunter2`, `"api_key": "…"`. What is counted in tokens, or passes tests, is none of it. */
const NAME =
  "(?<name>passw(?:or)?d|passwd|passphrase|[_-]pass|\\bpwd|secret(?:[-_]?access)?[-_]?key|client[-_]?secret|(?:api|access|private)[-_ ]?key|secret|" +
  "(?<!\\b(?:(?:un)?expected|illegal|unrecognized) )token)";
/** JSON within JSON has its quotes behind backslashes. */
const QUOTE = "\\\\{0,3}[\"'`]";
const BETWEEN = `(?<between>(?:${QUOTE})?\\s{0,4}(?<sign>={1,3}>?|:=?)\\s{0,4})`;
/** Up to the same quote on the line, or all of the line where it was cut. */
const QUOTED = `(?<quote>${QUOTE})(?![,;:)}\\]]{0,2}\\s)(?<quoted>(?:(?!\\k<quote>)(?:\\\\{3}["'\`]|\\\\.|.)){1,1024})`;
/** A `&` begins the next parameter of a URL; brackets behind it belong to what is around it. */
const INNER = "[^\\s\"'`&,;<>]|&(?![\\w.;-]{1,64}=)";
const BARE = `(?<bare>(?:${INNER})*[^\\s"'\`&,;<>(){}\\]\\\\])`;
const NAMED = new RegExp(`${NAME}${BETWEEN}(?:${QUOTED}|${BARE})`, "gi");

/** What says something of a credential instead of being it, and what fills its place. */
const WORD =
  /^\W?(?:\*+|[.,;:)}\]~]+|(?:true|false|yes|no|null|none|nil|unset|empty|missing|required|invalid|wrong|expired|denied|rejected|revoked|unknown)\W?)$/i;
/** A measurement: `time_to_first_token=1.2s`. */
const NUMBER = /^[-+]?[\d.,]+(?:e[-+]?\d+)?(?:ms|s|us|µs|m|h|%|[kmgb]b?|\/s)?$/i;
/** What makes `token` a part of another name, as in `SLACK_TOKEN`. */
const PART = /[\w-]/;
/** A name of something, with a version or a number at most: `litellm-env-v2`, `us-west-1`. */
const PLAIN_NAME = /^[a-z]+(?:[-./](?:[a-z]+|v?\d{1,3}))+$/;
/** Where a credential is to be found: LiteLLM's `os.environ/NAME`, a variable, a file. A hash, `$2b$12$…`, is none, nor base64 behind a `/`. */
const REFERENCE =
  /^(?:os\.environ\/\w+|(?:env|vault):[\w./#-]+|\/(?:run|etc|var|opt|tmp|home|usr|mnt|srv|app|secrets?)\/[\w./-]+|\/[a-z\d._/-]+|\$[{(]{1,2}[\s\w.:/]+[)}]{0,2}|\$[A-Z_][A-Z\d_]*)$/;
/** A variable of a script; under the name of a credential it could be a password. */
const VARIABLE = /^\$[a-z_][\w.]*$/i;
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
    const groups = found.at(-1) as Readonly<Record<string, string | undefined>>;
    const { name = "", between = "", sign = "", quote = "", quoted, bare = "" } = groups;
    const value = quoted ?? bare;
    const isPlain = sign.startsWith("=") || quoted !== undefined;
    const before = text.charAt(Number(found.at(-3)) - 1);
    const isNamed = !PART.test(before) && PLAIN_NAME.test(value);
    if (isValue(name, value, isNamed) && (isPlain || looksRandom(value))) return `${name}${between}${quote}${put}`;
    return quoted === undefined ? whole : `${name}${between}${quote}${withoutNamed(quoted, put)}`;
  });
}

/** Whether a text only says where a credential is to be found. */
export function isReference(text: string): boolean {
  return REFERENCE.test(text);
}

/** A bare `secret` is often the name of one (`secret=litellm-env`), a `token` often a number of them. */
function isValue(name: string, value: string, isNamed: boolean): boolean {
  if (WORD.test(value) || value.startsWith("[") || VARIABLE.test(value) || isReference(value)) return false;
  const kind = name.toLowerCase();
  if (kind !== "token" && kind !== "secret") return true;
  if (isNamed) return false;
  return kind === "token" ? !NUMBER.test(value) : DIGIT.test(value) && LETTER.test(value);
}

function looksRandom(value: string): boolean {
  const hasSign = SIGN.test(value) || DIGIT.test(value);
  return value.length >= SHORTEST && LETTER.test(value) && hasSign && !value.includes("://");
}
