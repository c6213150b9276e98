/** A type's name in CEL: `double`, `string`, `list<string>`, `map<string, dyn>`, `dyn`. */
export type CelType = string;

/** An action's output: its fields and, when `open`, others that are not known. */
export type Outputs = {
  fields: ReadonlyMap<string, CelType>;
  open: boolean;
  /** What a field can be, where that is a closed set of words. */
  words?: ReadonlyMap<string, readonly string[]>;
};

/** What an expression may name, known when it is loaded. */
export type Names = {
  facts: readonly string[];
  vars: ReadonlyMap<string, CelType>;
  /** Steps that come before the expression, with the output of their action; undefined: not known. */
  steps: ReadonlyMap<string, Outputs | undefined>;
  /** Ids of steps that come later: naming one is a fault of its own. */
  later: readonly string[];
  /** `as` names of the `for-each` blocks around. */
  items: readonly string[];
};

/** Nothing but the alert, the incident, the target and the time. */
export const NO_NAMES: Names = { facts: [], vars: new Map(), steps: new Map(), later: [], items: [] };

/** Ids of steps, facts, vars and items, so that CEL can name them. */
export const ID = /^[a-z][a-zA-Z0-9_]*$/;

/** Words of CEL's own that look like an id: an expression cannot name what is called so, not even after a dot. */
export const CEL_WORDS: ReadonlySet<string> = new Set(["in", "true", "false", "null"]);

/** The names that every scope has. */
export const ROOTS = ["alert", "alerts", "incident", "facts", "vars", "steps", "target", "now"] as const;
export type Root = (typeof ROOTS)[number];

/** Words that an item cannot be called: CEL's own names, its reserved words and ours. */
export const TAKEN: ReadonlySet<string> = new Set([
  ...ROOTS,
  ...["label", "has", "cel", "google", "optional", "dyn", ...CEL_WORDS],
  ...["string", "bool", "int", "uint", "double", "map", "list", "bytes", "null_type", "type", "timestamp", "duration"],
  ...["as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package"],
  ...["namespace", "return", "var", "void", "while", "prototype"],
]);
