import type { Labels } from "./labels.ts";

const SEPARATOR = 0xff;
/** Halves of the 64-bit offset basis 14695981039346656037; the prime is 2^40 + 0x1b3. */
const OFFSET_HIGH = 0xcbf29ce4;
const OFFSET_LOW = 0x84222325;
const PRIME_LOW = 0x1b3;
const TWO_TO_32 = 0x1_0000_0000;

/**
 * FNV-1a 64 over the labels sorted by their bytes, each name and value followed by 0xff, as 16 hex digits: what Alertmanager
 * sends as `fingerprint` (prometheus/common `labelSetToFingerprint`). Empty values count as absent, as Alertmanager drops them.
 */
export function fingerprintOf(labels: Labels): string {
  const pairs = Object.entries(labels).filter(([, value]) => value !== "");
  const bytes = pairs.map(([name, value]) => ({ name: Buffer.from(name), value: Buffer.from(value) }));
  bytes.sort((a, b) => Buffer.compare(a.name, b.name));
  const separator = Buffer.of(SEPARATOR);
  return fnv1a64(bytes.flatMap(({ name, value }) => [name, separator, value, separator]));
}

/** FNV-1a 64 over the concatenated chunks, as 16 hex digits. In two halves, since a BigInt per byte costs 50 times as much. */
export function fnv1a64(chunks: readonly Uint8Array[]): string {
  let high = OFFSET_HIGH;
  let low = OFFSET_LOW;
  for (const chunk of chunks) {
    for (const byte of chunk) {
      low = (low ^ byte) >>> 0;
      const product = low * PRIME_LOW;
      high = (Math.imul(high, PRIME_LOW) + (low << 8) + Math.floor(product / TWO_TO_32)) >>> 0;
      low = product >>> 0;
    }
  }
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}
