import { hash } from "node:crypto";
import type { Alert } from "../core/alert.ts";

/** 16 bytes of SHA-256 over a whole body, as a latin1 string: thousands are remembered, and a Buffer costs ten times as much to keep. */
export function bodyDigest(body: Buffer): string {
  return hash("sha256", body, "binary").slice(0, 16);
}

/** 12 bytes that stand for a source's group key, which may be of any length; as a latin1 string. */
export function groupId(groupKey: string): string {
  return hash("sha256", groupKey, "binary").slice(0, 12);
}

/** A 64-bit hash of labels and annotations, independent of their order: two 32-bit halves. */
export type ContentHash = (alert: Pick<Alert, "labels" | "annotations">) => readonly [number, number];

/** The hash of the pair that stood at each place of the alert before. */
type LastPairs = { seed: number; keys: string[]; values: string[]; highs: number[]; lows: number[] };

/**
 * Alerts of one group, and groups of one service, differ in a few values only: what is the same as in the alert before is compared,
 * which costs a tenth of hashing it. What is remembered is one alert's texts.
 */
export function contentHasher(): ContentHash {
  const labels = lastPairs(0x811c9dc5);
  const annotations = lastPairs(0x9e3779b9);
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

function addPairs(sum: { high: number; low: number }, pairs: Readonly<Record<string, string>>, last: LastPairs): void {
  let place = 0;
  for (const key in pairs) {
    const value = pairs[key] ?? "";
    if (last.keys[place] !== key || last.values[place] !== value) hashPair(last, place, key, value);
    sum.high = (sum.high + (last.highs[place] ?? 0)) | 0;
    sum.low = (sum.low + (last.lows[place] ?? 0)) | 0;
    place += 1;
  }
}

/**
 * FNV-1a over key and value, and the sum of its intermediate states as the other half.
 * One loop per text with one multiplication per character: this is the hottest loop of `accept`.
 */
function hashPair(last: LastPairs, place: number, key: string, value: string): void {
  let low = last.seed;
  let high = 0;
  for (let i = 0; i < key.length; i++) {
    low = Math.imul(low ^ key.charCodeAt(i), 0x01000193);
    high = (high + low) | 0;
  }
  low ^= 0x5bd1e995;
  for (let i = 0; i < value.length; i++) {
    low = Math.imul(low ^ value.charCodeAt(i), 0x01000193);
    high = (high + low) | 0;
  }
  last.keys[place] = key;
  last.values[place] = value;
  last.highs[place] = mix(high ^ low);
  last.lows[place] = mix(low);
}

/** The finisher of MurmurHash3, so that sums of pair hashes do not cancel each other. */
function mix(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
