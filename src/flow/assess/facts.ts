import type { FactRule } from "../../core/config.ts";
import type { Scope } from "../../core/scope.ts";
import type { Milliseconds } from "../../core/time.ts";

export type Facts = Readonly<Record<string, number | null>>;

/** Measures facts; null where neither query nor fallback gives a number. Never throws. */
export type FactReader = {
  /** The facts whose matchers hold for the scope's alert; a query's answer is shared until its `max-age`. */
  read(scope: Scope): Promise<Facts>;
  /** These facts, measured now; matchers are not asked, since something reads them by name. */
  readFresh(names: readonly string[], scope: Scope): Promise<Facts>;
};

/** `query` asks a named connection, or the only one, and answers null for unknown; `clock` is monotonic milliseconds. */
export type FactPorts = {
  rules: readonly FactRule[];
  query(text: string, connection?: string): Promise<number | null>;
  clock(): Milliseconds;
};

/** A query that does not answer by then is unknown; assessment does not wait longer. */
const WITHIN: Milliseconds = 5_000;
/** An unknown answer is asked for again after this time at most, so that an outage is not made worse. */
const UNKNOWN_FOR: Milliseconds = 5_000;
/** Queries under way at a time. */
const AT_ONCE = 16;
/** Beyond this many kept answers the outdated ones are dropped. */
const KEPT = 2_000;

type Kept = { value: Promise<number | null>; until: Milliseconds };

/** A reader with a cache by rendered query; a query under way is shared by all who want it. */
export function createFactReader(ports: FactPorts): FactReader {
  const ask = limited(ports.query);
  const kept = new Map<string, Kept>();
  const shared: Ask = (text, rule) => {
    const { maxAge, connection } = rule;
    const now = ports.clock();
    const key = `${connection ?? ""}\n${text}`;
    const found = kept.get(key);
    if (found && now < found.until) return found.value;
    if (kept.size >= KEPT) dropOutdated(kept, now);
    const entry: Kept = { value: ask(text, rule), until: Number.POSITIVE_INFINITY };
    kept.set(key, entry);
    void entry.value.then((value) => {
      entry.until = ports.clock() + (value === null ? Math.min(UNKNOWN_FOR, maxAge) : maxAge);
    });
    return entry.value;
  };
  return {
    read: (scope) => measureAll(applying(ports.rules, scope), scope, shared),
    readFresh: (names, scope) =>
      measureAll(
        ports.rules.filter((rule) => names.includes(rule.name)),
        scope,
        ask,
      ),
  };
}

function applying(rules: readonly FactRule[], scope: Scope): readonly FactRule[] {
  return rules.filter((rule) => rule.match.every((matcher) => matcher.test(scope.alert.labels)));
}

type Ask = (text: string, rule: Pick<FactRule, "maxAge" | "connection">) => Promise<number | null>;

async function measureAll(rules: readonly FactRule[], scope: Scope, ask: Ask): Promise<Facts> {
  const rows = await Promise.all(rules.map(async (rule) => [rule.name, await measure(rule, scope, ask)] as const));
  return Object.fromEntries(rows);
}

async function measure(rule: FactRule, scope: Scope, ask: Ask): Promise<number | null> {
  const query = rule.query?.render(scope);
  const asked = query?.known ? await ask(query.value, rule) : null;
  if (asked !== null) return asked;
  const fallback = rule.fallback?.render(scope);
  return fallback?.known ? numberOrNull(fallback.value) : null;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" && !Number.isNaN(value) ? value : null;
}

function dropOutdated(kept: Map<string, Kept>, now: Milliseconds): void {
  for (const [text, entry] of kept) if (entry.until <= now) kept.delete(text);
}

/** At most `AT_ONCE` queries run; each is given `WITHIN`, and whatever goes wrong is unknown. */
function limited(query: FactPorts["query"]): Ask {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (text, { connection }) => {
    if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
    running += 1;
    try {
      return numberOrNull(await withinLimit(query(text, connection)));
    } catch {
      return null;
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  };
}

async function withinLimit(answer: Promise<number | null>): Promise<number | null> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), WITHIN);
  });
  try {
    return await Promise.race([answer, limit]);
  } finally {
    clearTimeout(timer);
  }
}
