/**
 * Measures every contender once per round, in an order that is reversed each round, so that what drifts (heat, caches, the
 * other processes of the machine) falls on all alike. Result lists are parallel: the same index is the same round.
 */
export async function interleave<Name extends string, Slice>(
  names: readonly Name[],
  rounds: number,
  measure: (name: Name, round: number) => Promise<Slice>,
): Promise<Readonly<Record<Name, readonly Slice[]>>> {
  const slices = Object.fromEntries(names.map((name) => [name, [] as Slice[]])) as Record<Name, Slice[]>;
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? names : names.toReversed();
    for (const name of order) slices[name].push(await measure(name, round));
  }
  return slices;
}
