import type { Sighting, SightingGroup, SourceName } from "../../core/alert.ts";
import { LONGEST_GROUP_KEY } from "../webhook/body.ts";
import { type AlertScan, alertScan, endOfAlert } from "./alert.ts";
import {
  CLOSE_BRACKET,
  COMMA,
  endOfInteger,
  endOfString,
  NOTHING,
  OPEN_BRACKET,
  STRANGE,
  skipByte,
  skipSpace,
  textOf,
} from "./bytes.ts";
import { endOfFields, type Field, field, noPlaces, type Scan } from "./fields.ts";

/** Of a smaller body JSON.parse makes so little that it is faster. */
const SMALLEST = 2_048;

/** What is remembered of the body before; larger ones are forgotten. In bytes. */
const LARGEST_KEPT = 65_536;

type BodyScan = Scan & { groupKey: string; truncatedAlerts: number; alerts: readonly Sighting[]; alert: AlertScan };

const FIELDS: readonly Field<BodyScan>[] = [
  field("alerts", endOfAlerts),
  field("groupKey", endOfGroupKey),
  field("truncatedAlerts", endOfTruncated),
];

/** Undefined where only the ordinary reader can tell what to make of a body. */
export type ScanBody = (bytes: Buffer) => SightingGroup | undefined;

/**
 * Reads what accept has to know of a body in Alertmanager's format, without building the objects and texts that it then would not look
 * at: making and reading those is most of that hop. Undefined for all that is not a plain body of whole alerts: ASCII, every field as
 * Alertmanager sends it, each once. `parseBody` reads those; of a body that both read they say the same.
 */
export function bodyScanner(source: SourceName): ScanBody {
  let scan = bodyScan();
  return (bytes) => {
    if (bytes.length < SMALLEST) return undefined;
    const text = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
    scan.text = scan.alert.text = text;
    const end = endOfFields(scan, skipSpace(bytes, 0), FIELDS);
    const { groupKey, truncatedAlerts, alerts } = scan;
    const isWhole = end !== STRANGE && skipSpace(bytes, end) === bytes.length;
    if (!isWhole || bytes.length > LARGEST_KEPT) scan = bodyScan();
    return isWhole ? { source, groupKey, truncatedAlerts, alerts } : undefined;
  };
}

/** Before the first body. */
function bodyScan(): BodyScan {
  return { text: NOTHING, places: noPlaces(), groupKey: "", truncatedAlerts: 0, alerts: [], alert: alertScan() };
}

/** Behind a list of at least one. */
function endOfAlerts(scan: BodyScan, at: number): number {
  const { bytes } = scan.text;
  if (bytes[at] !== OPEN_BRACKET) return STRANGE;
  const alerts: Sighting[] = [];
  scan.alerts = alerts;
  let i = skipSpace(bytes, at + 1);
  for (;;) {
    i = endOfAlert(scan.alert, i, alerts);
    if (i === STRANGE) return STRANGE;
    i = skipSpace(bytes, i);
    if (bytes[i] === CLOSE_BRACKET) return i + 1;
    i = skipByte(bytes, i, COMMA);
    if (i === STRANGE) return STRANGE;
  }
}

function endOfGroupKey(scan: BodyScan, at: number): number {
  const { bytes } = scan.text;
  const end = endOfString(bytes, at);
  if (end === STRANGE) return STRANGE;
  scan.groupKey = textOf(bytes, at, end);
  return scan.groupKey === "" || scan.groupKey.length > LONGEST_GROUP_KEY ? STRANGE : end;
}

function endOfTruncated(scan: BodyScan, at: number): number {
  const { bytes } = scan.text;
  const end = endOfInteger(bytes, at);
  if (end === STRANGE) return STRANGE;
  scan.truncatedAlerts = Number(bytes.toString("latin1", at, end));
  return scan.truncatedAlerts >= 0 && !Object.is(scan.truncatedAlerts, -0) ? end : STRANGE;
}
