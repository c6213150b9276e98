import { hash } from "node:crypto";
import type { Alert } from "../core/alert.ts";

const SEEN = new WeakMap<Buffer, Buffer>();

/** 16 bytes of SHA-256 over a whole body; remembered per buffer, since a repeat asks for it twice. */
export function bodyDigest(body: Buffer): Buffer {
  const known = SEEN.get(body);
  if (known) return known;
  const digest = hash("sha256", body, "buffer").subarray(0, 16);
  SEEN.set(body, digest);
  return digest;
}

/** 12 bytes that stand for a source's group key, which may be of any length. */
export function groupId(groupKey: string): Buffer {
  return hash("sha256", groupKey, "buffer").subarray(0, 12);
}

/** A 64-bit hash of labels and annotations, independent of their order: two 32-bit halves. */
export function contentHash(alert: Pick<Alert, "labels" | "annotations">): readonly [number, number] {
  const sum = { high: 0, low: 0 };
  addPairs(sum, alert.labels, 0x811c9dc5);
  addPairs(sum, alert.annotations, 0x9e3779b9);
  return [sum.high >>> 0, sum.low >>> 0];
}

/**
 * Adds a hash of every pair: FNV-1a over key and value, and the sum of its intermediate states as the other half.
 * One loop per text with one multiplication per character: this is the hottest loop of `accept`.
 */
function addPairs(sum: { high: number; low: number }, pairs: Readonly<Record<string, string>>, seed: number): void {
  for (const key in pairs) {
    const value = pairs[key] ?? "";
    let low = seed;
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
    sum.low = (sum.low + mix(low)) | 0;
    sum.high = (sum.high + mix(high ^ low)) | 0;
  }
}

/** The finisher of MurmurHash3, so that sums of pair hashes do not cancel each other. */
function mix(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
