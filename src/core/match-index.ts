import type { Matcher, Playbook } from "./playbook/playbook.ts";

type Labels = Readonly<Record<string, string>>;

/** A playbook that shares an index entry with an alert and still does not match it. */
export type NearMiss = { playbook: Playbook; failed: Matcher };

/** Playbooks by the labels of an alert. Answers are those of testing every matcher of every playbook. */
export type MatchIndex = {
  size: number;
  /** Playbooks whose matchers all hold, highest priority first, then by name. */
  select(labels: Labels): readonly Playbook[];
  /** Playbooks that were looked at and failed, each with its first matcher that does not hold; at most `limit`. */
  nearMisses(labels: Labels, limit: number): readonly NearMiss[];
};

/** Answers remembered per matcher and label value; beyond this many values a table is emptied. */
const REMEMBERED = 4096;

type Entry = { playbook: Playbook; matchers: readonly Matcher[]; rank: number };
/** Finds the entries that one label's value may lead to. */
type Shelf = { label: string; find(value: string): readonly Entry[] | undefined };

const NONE: readonly Playbook[] = [];

/**
 * Indexes each playbook under its rarest equality (label and value). One without an equality stands under the label of its
 * first other matcher, where the candidates of each value seen are remembered, so that its expressions run once per value.
 */
export function indexPlaybooks(playbooks: readonly Playbook[]): MatchIndex {
  const entries = [...playbooks].sort(byPriority).map<Entry>((playbook, rank) => ({
    playbook,
    matchers: playbook.match.map(remembering),
    rank,
  }));
  const shelves = [...equalityShelves(entries), ...otherShelves(entries)];
  const always = entries.filter((entry) => entry.matchers.length === 0);
  return {
    size: entries.length,
    select: (labels) => playbooksOf(matching(shelves, always, labels)),
    nearMisses: (labels, limit) => missing(shelves, labels, limit),
  };
}

/** Highest priority first; ties by name, so that the order does not depend on the order of files. */
export function byPriority(a: Playbook, b: Playbook): number {
  if (a.priority !== b.priority) return b.priority - a.priority;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** A missing label is the empty string; a label may be called `constructor`. */
function labelOf(labels: Labels, label: string): string {
  const value: unknown = labels[label];
  return typeof value === "string" ? value : "";
}

function isEquality(matcher: Matcher): boolean {
  return matcher.operator === "=" && matcher.value !== "";
}

function equalityShelves(entries: readonly Entry[]): readonly Shelf[] {
  const counts = new Map<string, number>();
  for (const entry of entries) {
    for (const one of entry.matchers.filter(isEquality)) counts.set(pairOf(one), (counts.get(pairOf(one)) ?? 0) + 1);
  }
  const byLabel = new Map<string, Map<string, Entry[]>>();
  for (const entry of entries) {
    const rarest = rarestOf(entry.matchers.filter(isEquality), counts);
    if (rarest) push(tableOf(byLabel, rarest.label), rarest.value, entry);
  }
  return [...byLabel].map(([label, values]) => ({ label, find: (value) => values.get(value) }));
}

function pairOf(matcher: Matcher): string {
  return `${matcher.label}=${matcher.value}`;
}

function rarestOf(matchers: readonly Matcher[], counts: ReadonlyMap<string, number>): Matcher | undefined {
  const cost = (matcher: Matcher): number => counts.get(pairOf(matcher)) ?? 0;
  return matchers.reduce<Matcher | undefined>(
    (best, one) => (best === undefined || cost(one) < cost(best) ? one : best),
    undefined,
  );
}

function tableOf(tables: Map<string, Map<string, Entry[]>>, label: string): Map<string, Entry[]> {
  const found = tables.get(label);
  if (found) return found;
  const made = new Map<string, Entry[]>();
  tables.set(label, made);
  return made;
}

function push<K, V>(table: Map<K, V[]>, key: K, value: V): void {
  const found = table.get(key);
  if (found) found.push(value);
  else table.set(key, [value]);
}

/** Positive expressions first: a negative one accepts nearly every value and narrows nothing. */
function otherShelves(entries: readonly Entry[]): readonly Shelf[] {
  const byLabel = new Map<string, { entry: Entry; matcher: Matcher }[]>();
  for (const entry of entries) {
    if (entry.matchers.some(isEquality)) continue;
    const matcher = entry.matchers.find((one) => one.operator === "=~") ?? entry.matchers[0];
    if (matcher) push(byLabel, matcher.label, { entry, matcher });
  }
  return [...byLabel].map(([label, rows]) => {
    const find = remember((value: string) =>
      rows.filter((row) => row.matcher.test({ [label]: value })).map((row) => row.entry),
    );
    return { label, find };
  });
}

function remember<T>(compute: (value: string) => T): (value: string) => T {
  const known = new Map<string, T>();
  return (value) => {
    const found = known.get(value);
    if (found !== undefined) return found;
    if (known.size >= REMEMBERED) known.clear();
    const made = compute(value);
    known.set(value, made);
    return made;
  };
}

/** A regular expression's answer depends on one label's value only, so it is kept per value. */
function remembering(matcher: Matcher): Matcher {
  const { label, operator, value } = matcher;
  if (operator === "=" || operator === "!=") return matcher;
  const test = remember((text: string) => matcher.test({ [label]: text }));
  return { label, operator, value, test: (labels) => test(labelOf(labels, label)) };
}

function matching(shelves: readonly Shelf[], always: readonly Entry[], labels: Labels): readonly Entry[] {
  let found: Entry[] | undefined;
  for (const shelf of shelves) {
    const candidates = shelf.find(labelOf(labels, shelf.label));
    if (candidates === undefined) continue;
    for (const entry of candidates) {
      if (failedMatcher(entry, labels)) continue;
      if (found === undefined) found = [entry];
      else found.push(entry);
    }
  }
  return found === undefined ? always : always.length === 0 ? found : [...found, ...always];
}

function failedMatcher(entry: Entry, labels: Labels): Matcher | undefined {
  for (const matcher of entry.matchers) if (!matcher.test(labels)) return matcher;
  return undefined;
}

function playbooksOf(entries: readonly Entry[]): readonly Playbook[] {
  const [first, second] = entries;
  if (first === undefined) return NONE;
  if (second === undefined) return [first.playbook];
  return [...entries].sort((a, b) => a.rank - b.rank).map((entry) => entry.playbook);
}

function missing(shelves: readonly Shelf[], labels: Labels, limit: number): readonly NearMiss[] {
  return shelves
    .flatMap((shelf) => shelf.find(labelOf(labels, shelf.label)) ?? [])
    .sort((a, b) => a.rank - b.rank)
    .flatMap((entry) => {
      const failed = failedMatcher(entry, labels);
      return failed ? [{ playbook: entry.playbook, failed }] : [];
    })
    .slice(0, limit);
}
