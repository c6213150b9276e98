/** A 64-bit hash of an alert's labels and annotations, independent of their order: two 32-bit halves. */
export type ContentHash = readonly [high: number, low: number];

type Texts = Readonly<Record<string, string>>;

/** What sets a label apart from an annotation of the same name and value. */
export const CONTENT_SEEDS = { labels: 0x811c9dc5, annotations: 0x9e3779b9 } as const;

/** FNV-1a over texts, and the sum of its intermediate states as the other half. */
export type Running = { high: number; low: number };

/** The hash of a pair begins with a seed, then comes its name. */
export function beginPair(running: Running, seed: number): void {
  running.low = seed;
  running.high = 0;
}

/** Between name and value, so that `ab` = `c` and `a` = `bc` differ. */
export function beginValue(running: Running): void {
  running.low ^= 0x5bd1e995;
}

/** One loop per text with one multiplication per UTF-16 unit: with `addBytes` the hottest loop of `accept`. */
export function addText(running: Running, text: string): void {
  let { high, low } = running;
  for (let i = 0; i < text.length; i++) {
    low = Math.imul(low ^ text.charCodeAt(i), 0x01000193);
    high = (high + low) | 0;
  }
  running.high = high;
  running.low = low;
}

/** `addText` of ASCII that was not decoded. */
export function addBytes(running: Running, bytes: Uint8Array, from: number, to: number): void {
  let { high, low } = running;
  for (let i = from; i < to; i++) {
    low = Math.imul(low ^ (bytes[i] ?? 0), 0x01000193);
    high = (high + low) | 0;
  }
  running.high = high;
  running.low = low;
}

/** Both halves of a pair's hash, in place; an alert's hash is the sum of those of its pairs. */
export function endPair(running: Running): void {
  running.high = mix(running.high ^ running.low);
  running.low = mix(running.low);
}

/** The finisher of MurmurHash3, so that sums of pair hashes do not cancel each other. */
function mix(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The pairs of the alert before, and the hash of each. */
type LastPairs = { seed: number; keys: string[]; values: string[]; highs: number[]; lows: number[] };

/**
 * Alerts of one group, and groups of one service, differ in a few values only: what is the same as in the alert before is compared,
 * which costs a tenth of hashing it. What is remembered is one alert's texts.
 */
export function contentHasher(): (alert: { labels: Texts; annotations: Texts }) => ContentHash {
  const labels = lastPairs(CONTENT_SEEDS.labels);
  const annotations = lastPairs(CONTENT_SEEDS.annotations);
  return (alert) => {
    const sum = { high: 0, low: 0 };
    addPairs(sum, alert.labels, labels);
    addPairs(sum, alert.annotations, annotations);
    return [sum.high >>> 0, sum.low >>> 0];
  };
}

function lastPairs(seed: number): LastPairs {
  return { seed, keys: [], values: [], highs: [], lows: [] };
}

function addPairs(sum: Running, pairs: Texts, last: LastPairs): void {
  let place = 0;
  for (const key in pairs) {
    const value = pairs[key] ?? "";
    if (last.keys[place] !== key || last.values[place] !== value) hashPair(last, place, key, value);
    sum.high = (sum.high + (last.highs[place] ?? 0)) | 0;
    sum.low = (sum.low + (last.lows[place] ?? 0)) | 0;
    place += 1;
  }
}

const running: Running = { high: 0, low: 0 };

function hashPair(last: LastPairs, place: number, key: string, value: string): void {
  beginPair(running, last.seed);
  addText(running, key);
  beginValue(running);
  addText(running, value);
  endPair(running);
  last.keys[place] = key;
  last.values[place] = value;
  last.highs[place] = running.high;
  last.lows[place] = running.low;
}
