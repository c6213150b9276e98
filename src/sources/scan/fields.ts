import {
  CLOSE_BRACE,
  COLON,
  COMMA,
  endOfName,
  endOfValue,
  isName,
  isSame,
  OPEN_BRACE,
  type Scanned,
  STRANGE,
  skipByte,
  skipSpace,
} from "./bytes.ts";

/** A field that is looked at: its name with its quotes, and the place behind its value, for which `scan` notes what is to be known. */
export type Field<Scan> = { name: Buffer; end(scan: Scan, at: number): number };

/** A field of this name. */
export function field<Scan>(name: string, end: Field<Scan>["end"]): Field<Scan> {
  return { name: Buffer.from(JSON.stringify(name)), end };
}

/** The object that was scanned last: by place, from where to where each of its fields goes, and which of those looked at it is. */
export type Places = { count: number; starts: number[]; ends: number[]; fields: number[] };

/** Before the first object of a body. */
export function noPlaces(): Places {
  return { count: 0, starts: [], ends: [], fields: [] };
}

/**
 * Behind the object that begins at `at`, which has each of the fields once; the value of any other is passed over. A field that is,
 * byte for byte, the one at the same place of the object before is not read again: what `scan` noted for it still holds. STRANGE for
 * a field that comes twice or not at all.
 */
export function endOfFields<Scan extends Scanned & { places: Places }>(
  scan: Scan,
  at: number,
  fields: readonly Field<Scan>[],
): number {
  const { bytes, places } = scan;
  if (bytes[at] !== OPEN_BRACE) return STRANGE;
  let i = skipSpace(bytes, at + 1);
  let seen = 0;
  for (let place = 0; ; place++) {
    i = isSameField(scan, i, place) ? i + lengthAt(places, place) : endOfNewField(scan, i, { fields, place });
    if (i === STRANGE) return STRANGE;
    const index = places.fields[place] ?? STRANGE;
    if (index >= 0 && seen & (1 << index)) return STRANGE;
    if (index >= 0) seen |= 1 << index;
    i = skipSpace(bytes, i);
    if (bytes[i] === CLOSE_BRACE) {
      places.count = place + 1;
      return seen === (1 << fields.length) - 1 ? i + 1 : STRANGE;
    }
    i = skipByte(bytes, i, COMMA);
    if (i === STRANGE) return STRANGE;
  }
}

function isSameField(scan: Scanned & { places: Places }, at: number, place: number): boolean {
  const { count, starts, ends } = scan.places;
  return place < count && isSame(scan, at, starts[place] ?? 0, ends[place] ?? 0);
}

function lengthAt({ starts, ends }: Places, place: number): number {
  return (ends[place] ?? 0) - (starts[place] ?? 0);
}

function endOfNewField<Scan extends Scanned & { places: Places }>(
  scan: Scan,
  at: number,
  { fields, place }: { fields: readonly Field<Scan>[]; place: number },
): number {
  const { bytes, places } = scan;
  const index = indexOf(bytes, at, fields);
  const value = skipByte(bytes, endOfName(bytes, at), COLON);
  if (value === STRANGE) return STRANGE;
  const end = fields[index]?.end(scan, value) ?? endOfValue(bytes, value);
  places.starts[place] = at;
  places.ends[place] = end;
  places.fields[place] = index;
  return end;
}

function indexOf<Scan>(bytes: Buffer, at: number, fields: readonly Field<Scan>[]): number {
  for (let index = 0; index < fields.length; index++) {
    const name = fields[index]?.name;
    if (name !== undefined && isName(bytes, at, name)) return index;
  }
  return STRANGE;
}
