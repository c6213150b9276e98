/** Up to three of `known` that look like `name`, best first: what somebody who misspelt it may have meant. */
export function nearest(name: string, known: Iterable<string>): readonly string[] {
  const limit = Math.max(2, Math.floor(name.length / 3));
  return [...known]
    .map((candidate) => ({ candidate, distance: distanceBetween(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= limit || sharesPart(name, candidate))
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** `; did you mean a or b?`, or what is known when nothing is near, or nothing when nothing is known. */
export function suggestion(name: string, known: Iterable<string>): string {
  const all = [...known];
  const near = nearest(name, all);
  if (near.length > 0) return `; did you mean ${near.join(" or ")}?`;
  if (all.length === 0) return "";
  return `; known: ${all.slice(0, 12).join(", ")}${all.length > 12 ? ", …" : ""}`;
}

function sharesPart(name: string, candidate: string): boolean {
  return name.length >= 4 && (candidate.includes(name) || (candidate.length >= 4 && name.includes(candidate)));
}

/** Levenshtein distance; names are short, longer ones are cut. */
function distanceBetween(a: string, b: string): number {
  const from = a.slice(0, 80);
  const to = b.slice(0, 80);
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
