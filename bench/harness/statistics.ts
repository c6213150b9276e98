/** The value below which this share of the sorted sample lies. @throws Error for an empty sample. */
export function quantile(sample: readonly number[], share: number): number {
  const sorted = sample.toSorted((a, b) => a - b);
  const place = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1));
  const value = sorted[place];
  if (value === undefined) throw new Error("an empty sample has no quantile");
  return value;
}

/** The middle of the sorted sample; between the two middle values of an even one. */
export function median(sample: readonly number[]): number {
  const sorted = sample.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const low = sorted[Math.ceil(half) - 1];
  const high = sorted[Math.floor(half)];
  if (low === undefined || high === undefined) throw new Error("an empty sample has no median");
  return (low + high) / 2;
}

/**
 * Median of the ratios of values that were measured in the same round: what disturbed the machine for a while disturbed both.
 * The range of the ratios says how far to believe it.
 */
export function pairRatio(ours: readonly number[], theirs: readonly number[]): { median: number; range: string } {
  const ratios = ours.map((value, round) => value / (theirs[round] ?? Number.NaN));
  const sorted = ratios.toSorted((a, b) => a - b);
  return { median: median(ratios), range: `${short(sorted[0])}–${short(sorted.at(-1))}` };
}

/** Three significant digits. */
export function short(value: number | undefined): string {
  if (value === undefined) return "";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits);
}
