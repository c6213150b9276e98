/*
 * JSON without building it: each function takes the place where something begins and gives the one behind it, or STRANGE for
 * anything that is not plainly what it says. Whoever gets STRANGE reads the body the ordinary way; nothing is refused here.
 */

export const STRANGE = -1;

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const DEEPEST = 16;

/** 1 for what stands for itself within a string: ASCII without controls, quote and backslash. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);
const SHORT_ESCAPES: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));
const HEX = /^[0-9a-fA-F]{4}$/;
const LITERALS = ["true", "false", "null"].map((text) => Buffer.from(text));

/** A body twice: to be looked at byte by byte, and eight bytes at a time. */
export type Scanned = { readonly bytes: Buffer; readonly view: DataView };

/** A body of nothing. */
export const NOTHING: Scanned = { bytes: Buffer.alloc(0), view: new DataView(new ArrayBuffer(0)) };

/** White space as JSON has it. */
export function skipSpace(bytes: Buffer, at: number): number {
  let i = at;
  while (i < bytes.length) {
    const byte = bytes[i];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    i += 1;
  }
  return i;
}

/** Behind `byte` and the white space around it. */
export function skipByte(bytes: Buffer, at: number, byte: number): number {
  const place = bytes[at] === byte ? at : skipSpace(bytes, at);
  return bytes[place] === byte ? skipSpace(bytes, place + 1) : STRANGE;
}

/** Behind the closing quote of an ASCII string whose escapes are those of JSON, without halves of characters. */
export function endOfString(bytes: Buffer, at: number): number {
  if (bytes[at] !== QUOTE) return STRANGE;
  let i = at + 1;
  while (i < bytes.length) {
    const byte = bytes[i] ?? 0;
    if (PLAIN[byte] === 1) i += 1;
    else if (byte === QUOTE) return i + 1;
    else {
      i = byte === BACKSLASH ? endOfEscape(bytes, i + 1) : STRANGE;
      if (i === STRANGE) return STRANGE;
    }
  }
  return STRANGE;
}

/** Behind the closing quote of a string without escapes: as two spellings of one name would look different. */
export function endOfName(bytes: Buffer, at: number): number {
  if (bytes[at] !== QUOTE) return STRANGE;
  let i = at + 1;
  while (PLAIN[bytes[i] ?? 0] === 1) i += 1;
  return bytes[i] === QUOTE ? i + 1 : STRANGE;
}

function endOfEscape(bytes: Buffer, at: number): number {
  const kind = bytes[at];
  if (kind === undefined) return STRANGE;
  if (SHORT_ESCAPES.has(kind)) return at + 1;
  if (kind !== 0x75) return STRANGE;
  const code = bytes.toString("latin1", at + 1, at + 5);
  return HEX.test(code) && !/^d[89a-f]/i.test(code) ? at + 5 : STRANGE;
}

/** Whether the string between these places, its quotes included, has an escape. */
export function hasEscape(bytes: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] === BACKSLASH) return true;
  return false;
}

/** The text of a string, its quotes included in the places. */
export function textOf(bytes: Buffer, from: number, to: number): string {
  return hasEscape(bytes, from, to)
    ? JSON.parse(bytes.toString("latin1", from, to))
    : bytes.toString("latin1", from + 1, to - 1);
}

/** By place, from where to where the parts of what was scanned last go, in which body. */
export type Parts = { count: number; from: Scanned; starts: number[]; ends: number[] };

/** Before anything was scanned. */
export function noParts(): Parts {
  return { count: 0, from: NOTHING, starts: [], ends: [] };
}

/**
 * Behind the part at this place where the same bytes stand at `at`, which is noted as its place then; STRANGE where others do. Most of
 * a body goes through here, so eight bytes at a time, as numbers: bytes of ASCII are never NaN or a zero with a sign.
 */
export function endOfSame({ bytes, view }: Scanned, at: number, parts: Parts, place: number): number {
  if (place >= parts.count) return STRANGE;
  const { from, starts, ends } = parts;
  const end = ends[place] ?? 0;
  let i = starts[place] ?? 0;
  const behind = at + end - i;
  if (behind > bytes.length) return STRANGE;
  const known = from.view;
  const offset = at - i;
  for (; i + 8 <= end; i += 8) if (known.getFloat64(i) !== view.getFloat64(i + offset)) return STRANGE;
  for (; i < end; i++) if (from.bytes[i] !== bytes[i + offset]) return STRANGE;
  starts[place] = at;
  ends[place] = behind;
  return behind;
}

/** Whether the string at `at` is this name; `name` has its quotes. */
export function isName(bytes: Buffer, at: number, name: Buffer): boolean {
  for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name[i]) return false;
  return true;
}

/** Behind any value. */
export function endOfValue(bytes: Buffer, at: number, depth = 0): number {
  switch (bytes[at]) {
    case QUOTE:
      return endOfString(bytes, at);
    case OPEN_BRACE:
      return endOfAll(bytes, at, { close: CLOSE_BRACE, named: true, depth: depth + 1 });
    case OPEN_BRACKET:
      return endOfAll(bytes, at, { close: CLOSE_BRACKET, named: false, depth: depth + 1 });
    default:
      return endOfScalar(bytes, at);
  }
}

type Nest = { close: number; named: boolean; depth: number };

function endOfAll(bytes: Buffer, at: number, { close, named, depth }: Nest): number {
  if (depth > DEEPEST) return STRANGE;
  let i = skipSpace(bytes, at + 1);
  if (bytes[i] === close) return i + 1;
  for (;;) {
    if (named) i = skipByte(bytes, endOfString(bytes, i), COLON);
    if (i === STRANGE) return STRANGE;
    i = endOfValue(bytes, i, depth);
    if (i === STRANGE) return STRANGE;
    i = skipSpace(bytes, i);
    if (bytes[i] === close) return i + 1;
    i = skipByte(bytes, i, COMMA);
    if (i === STRANGE) return STRANGE;
  }
}

function endOfScalar(bytes: Buffer, at: number): number {
  for (const literal of LITERALS) if (isName(bytes, at, literal)) return at + literal.length;
  return endOfInteger(bytes, at);
}

/** Fractions and exponents are strange enough. */
export function endOfInteger(bytes: Buffer, at: number): number {
  const first = bytes[at] === MINUS ? at + 1 : at;
  let i = first;
  while (i < bytes.length && isDigit(bytes[i] ?? 0)) i += 1;
  const isLeading = bytes[first] === ZERO && i > first + 1;
  return i === first || isLeading || isNumberPart(bytes[i] ?? 0) ? STRANGE : i;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

/** `.`, `e` and `E`. */
function isNumberPart(byte: number): boolean {
  return byte === 0x2e || byte === 0x65 || byte === 0x45;
}
