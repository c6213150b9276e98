import {
  CLOSE_BRACE,
  COLON,
  COMMA,
  endOfName,
  endOfSame,
  endOfValue,
  isName,
  noParts,
  OPEN_BRACE,
  type Parts,
  type Scanned,
  STRANGE,
  skipByte,
  skipSpace,
} from "./bytes.ts";

/** A field that is looked at: its name with its quotes, and the place behind its value, for which `scan` notes what is to be known. */
export type Field<S> = { name: Buffer; end(scan: S, at: number): number };

/** A field of this name. */
export function field<S>(name: string, end: Field<S>["end"]): Field<S> {
  return { name: Buffer.from(JSON.stringify(name)), end };
}

/** The object that was scanned last: its fields by place, and which of those looked at each is. */
export type Places = Parts & { fields: number[] };

/** Before the first object. */
export function noPlaces(): Places {
  return { ...noParts(), fields: [] };
}

/** What scans objects of one kind: the body it is in, and the object before, of this body or another one. */
export type Scan = { text: Scanned; places: Places };

/**
 * Behind the object that begins at `at`, which has each of the fields once; the value of any other is passed over. A field that is,
 * byte for byte, the one at the same place of the object before, even in another body, is not read again: what `scan` noted for it still holds. STRANGE for
 * a field that comes twice or not at all.
 */
export function endOfFields<S extends Scan>(scan: S, at: number, fields: readonly Field<S>[]): number {
  const { text, places } = scan;
  const { bytes } = text;
  if (bytes[at] !== OPEN_BRACE) return STRANGE;
  let i = skipSpace(bytes, at + 1);
  let seen = 0;
  for (let place = 0; ; place++) {
    const same = endOfSame(text, i, places, place);
    i = same === STRANGE ? endOfNewField(scan, i, { fields, place }) : same;
    if (i === STRANGE) return STRANGE;
    const index = places.fields[place] ?? STRANGE;
    if (index >= 0 && seen & (1 << index)) return STRANGE;
    if (index >= 0) seen |= 1 << index;
    i = skipSpace(bytes, i);
    if (bytes[i] === CLOSE_BRACE) {
      places.count = place + 1;
      places.from = text;
      return seen === (1 << fields.length) - 1 ? i + 1 : STRANGE;
    }
    i = skipByte(bytes, i, COMMA);
    if (i === STRANGE) return STRANGE;
  }
}

function endOfNewField<S extends Scan>(
  scan: S,
  at: number,
  { fields, place }: { fields: readonly Field<S>[]; place: number },
): number {
  const { text, places } = scan;
  const { bytes } = text;
  const index = indexOf(bytes, at, fields);
  const value = skipByte(bytes, endOfName(bytes, at), COLON);
  if (value === STRANGE) return STRANGE;
  const end = fields[index]?.end(scan, value) ?? endOfValue(bytes, value);
  places.starts[place] = at;
  places.ends[place] = end;
  places.fields[place] = index;
  return end;
}

function indexOf<S>(bytes: Buffer, at: number, fields: readonly Field<S>[]): number {
  for (let index = 0; index < fields.length; index++) {
    const name = fields[index]?.name;
    if (name !== undefined && isName(bytes, at, name)) return index;
  }
  return STRANGE;
}
