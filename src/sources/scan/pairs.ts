import { addBytes, addText, beginPair, beginValue, endPair, type Running } from "../../core/content.ts";
import { LABEL_LIMITS } from "../webhook/labels.ts";
import {
  CLOSE_BRACE,
  COLON,
  COMMA,
  endOfName,
  endOfSame,
  endOfString,
  hasEscape,
  noParts,
  OPEN_BRACE,
  type Parts,
  type Scanned,
  STRANGE,
  skipByte,
  skipSpace,
  textOf,
} from "./bytes.ts";

const UNDERSCORE = 0x5f;

/** The object of labels or annotations that was scanned last: the sum of its pairs' hashes, and its pairs, whose names are distinct. */
export type Pairs = Parts & {
  seed: number;
  sum: Running;
  /** What each name hashes to, and each pair. */
  names: number[];
  highs: number[];
  lows: number[];
};

/** Before the first object; `seed` tells labels from annotations. */
export function pairsFrom(seed: number): Pairs {
  return { ...noParts(), seed, sum: { high: 0, low: 0 }, names: [], highs: [], lows: [] };
}

/**
 * Behind the object that begins at `at`. A pair that stood at the same place of the object before is compared and not hashed.
 * STRANGE also for what the ordinary reader has to judge: too many pairs, long texts, names that come twice or have an escape.
 */
export function endOfPairs(scanned: Scanned, at: number, pairs: Pairs): number {
  const { bytes } = scanned;
  const { sum } = pairs;
  if (bytes[at] !== OPEN_BRACE) return STRANGE;
  let i = skipSpace(bytes, at + 1);
  let isNamedAnew = false;
  sum.high = 0;
  sum.low = 0;
  if (bytes[i] === CLOSE_BRACE) {
    pairs.count = 0;
    return i + 1;
  }
  for (let place = 0; place < LABEL_LIMITS.count; place++) {
    const name = place < pairs.count ? pairs.names[place] : undefined;
    i = endOfPair(scanned, i, pairs, place);
    if (i === STRANGE) return STRANGE;
    isNamedAnew ||= pairs.names[place] !== name;
    sum.high = (sum.high + (pairs.highs[place] ?? 0)) | 0;
    sum.low = (sum.low + (pairs.lows[place] ?? 0)) | 0;
    i = skipSpace(bytes, i);
    if (bytes[i] === CLOSE_BRACE) {
      pairs.count = place + 1;
      pairs.from = scanned;
      return isNamedAnew && hasTwice(pairs.names, pairs.count) ? STRANGE : i + 1;
    }
    i = skipByte(bytes, i, COMMA);
    if (i === STRANGE) return STRANGE;
  }
  return STRANGE;
}

function endOfPair(scanned: Scanned, at: number, pairs: Pairs, place: number): number {
  const same = endOfSame(scanned, at, pairs, place);
  return same === STRANGE ? endOfNewPair(scanned.bytes, at, pairs, place) : same;
}

const running: Running = { high: 0, low: 0 };

function endOfNewPair(bytes: Buffer, at: number, pairs: Pairs, place: number): number {
  const nameEnd = endOfPairName(bytes, at);
  const value = skipByte(bytes, nameEnd, COLON);
  const end = endOfString(bytes, value);
  if (nameEnd === STRANGE || end === STRANGE || end - value - 2 > LABEL_LIMITS.value) return STRANGE;
  beginPair(running, pairs.seed);
  addBytes(running, bytes, at + 1, nameEnd - 1);
  pairs.names[place] = running.low;
  beginValue(running);
  if (hasEscape(bytes, value, end)) addText(running, textOf(bytes, value, end));
  else addBytes(running, bytes, value + 1, end - 1);
  endPair(running);
  pairs.starts[place] = at;
  pairs.ends[place] = end;
  pairs.highs[place] = running.high;
  pairs.lows[place] = running.low;
  return end;
}

function endOfPairName(bytes: Buffer, at: number): number {
  const end = endOfName(bytes, at);
  const length = end - at - 2;
  if (end === STRANGE || length === 0 || length > LABEL_LIMITS.name) return STRANGE;
  const isReserved = bytes[at + 1] === UNDERSCORE && bytes[at + 2] === UNDERSCORE;
  return isReserved ? STRANGE : end;
}

function hasTwice(names: readonly number[], count: number): boolean {
  for (let a = 1; a < count; a++) for (let b = 0; b < a; b++) if (names[a] === names[b]) return true;
  return false;
}
