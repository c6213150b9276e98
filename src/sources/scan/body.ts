import type { Sighting, SightingGroup, SourceName } from "../../core/alert.ts";
import { LONGEST_GROUP_KEY } from "../webhook/body.ts";
import { type AlertScan, alertScan, endOfAlert } from "./alert.ts";
import {
  CLOSE_BRACKET,
  COMMA,
  endOfInteger,
  endOfString,
  OPEN_BRACKET,
  type Scanned,
  STRANGE,
  skipByte,
  skipSpace,
  textOf,
} from "./bytes.ts";
import { endOfFields, type Field, field, noPlaces, type Places } from "./fields.ts";

/** Of a smaller body JSON.parse makes so little that it is faster. */
const SMALLEST = 2_048;

type BodyScan = Scanned & {
  places: Places;
  groupKey: string;
  truncatedAlerts: number;
  alerts: Sighting[];
  alert: AlertScan;
};

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
  const nothing: Scanned = { bytes: Buffer.alloc(0), view: new DataView(new ArrayBuffer(0)) };
  const scan: BodyScan = {
    ...nothing,
    places: noPlaces(),
    groupKey: "",
    truncatedAlerts: 0,
    alerts: [],
    alert: alertScan(nothing),
  };
  return (bytes) => {
    if (bytes.length < SMALLEST) return undefined;
    begin(scan, bytes);
    const end = endOfFields(scan, skipSpace(bytes, 0), FIELDS);
    const { groupKey, truncatedAlerts, alerts } = scan;
    begin(scan, nothing.bytes);
    const isWhole = end !== STRANGE && skipSpace(bytes, end) === bytes.length;
    return isWhole ? { source, groupKey, truncatedAlerts, alerts } : undefined;
  };
}

/** Nothing of the body before is held on to but the room for its places. */
function begin(scan: BodyScan, bytes: Buffer): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { alert } = scan;
  scan.bytes = alert.bytes = bytes;
  scan.view = alert.view = view;
  scan.alerts = [];
  scan.places.count = alert.places.count = alert.labels.count = alert.annotations.count = 0;
}

/** Behind a list of at least one. */
function endOfAlerts({ bytes, alert, alerts }: BodyScan, at: number): number {
  if (bytes[at] !== OPEN_BRACKET) return STRANGE;
  let i = skipSpace(bytes, at + 1);
  for (;;) {
    i = endOfAlert(alert, i, alerts);
    if (i === STRANGE) return STRANGE;
    i = skipSpace(bytes, i);
    if (bytes[i] === CLOSE_BRACKET) return i + 1;
    i = skipByte(bytes, i, COMMA);
    if (i === STRANGE) return STRANGE;
  }
}

function endOfGroupKey(scan: BodyScan, at: number): number {
  const end = endOfString(scan.bytes, at);
  if (end === STRANGE) return STRANGE;
  scan.groupKey = textOf(scan.bytes, at, end);
  return scan.groupKey === "" || scan.groupKey.length > LONGEST_GROUP_KEY ? STRANGE : end;
}

function endOfTruncated(scan: BodyScan, at: number): number {
  const end = endOfInteger(scan.bytes, at);
  if (end === STRANGE) return STRANGE;
  scan.truncatedAlerts = Number(scan.bytes.toString("latin1", at, end));
  return scan.truncatedAlerts >= 0 && !Object.is(scan.truncatedAlerts, -0) ? end : STRANGE;
}
