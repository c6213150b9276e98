import type { AlertStatus, Sighting } from "../../core/alert.ts";
import { CONTENT_SEEDS } from "../../core/content.ts";
import type { Instant } from "../../core/time.ts";
import { FINGERPRINT } from "../webhook/body.ts";
import { instantOf } from "../webhook/time.ts";
import { endOfName, isName, NOTHING, STRANGE } from "./bytes.ts";
import { endOfFields, type Field, field, noPlaces, type Scan } from "./fields.ts";
import { endOfPairs, type Pairs, pairsFrom } from "./pairs.ts";

/** The alert that is scanned; until its own are read, what it has are those of the alert before, of this body or another one. */
export type AlertScan = Scan & {
  labels: Pairs;
  annotations: Pairs;
  fingerprint: string;
  status: AlertStatus;
  startsAt: Instant | undefined;
  endsAt: Instant | undefined;
};

/** Before the first alert. */
export function alertScan(): AlertScan {
  return {
    text: NOTHING,
    places: noPlaces(),
    labels: pairsFrom(CONTENT_SEEDS.labels),
    annotations: pairsFrom(CONTENT_SEEDS.annotations),
    fingerprint: "",
    status: "firing",
    startsAt: undefined,
    endsAt: undefined,
  };
}

const FIRING = Buffer.from('"firing"');
const RESOLVED = Buffer.from('"resolved"');

/** As Alertmanager sends them; what else an alert has is for later readers. */
const FIELDS: readonly Field<AlertScan>[] = [
  field("status", endOfStatus),
  field("labels", (scan, at) => endOfPairs(scan.text, at, scan.labels)),
  field("annotations", (scan, at) => endOfPairs(scan.text, at, scan.annotations)),
  field("startsAt", endOfStart),
  field("endsAt", endOfEnd),
  field("fingerprint", endOfFingerprint),
];

/** Behind the alert that begins at `at`, which is added to `alerts`. */
export function endOfAlert(scan: AlertScan, at: number, alerts: Sighting[]): number {
  const end = endOfFields(scan, at, FIELDS);
  const sighting = end === STRANGE ? undefined : sightingOf(scan);
  if (sighting === undefined) return STRANGE;
  alerts.push(sighting);
  return end;
}

/** Undefined without labels, and where a time is left out that the ordinary reader puts in. */
function sightingOf({ fingerprint, status, startsAt, endsAt, labels, annotations }: AlertScan): Sighting | undefined {
  if (startsAt === undefined || labels.count === 0) return undefined;
  const high = (labels.sum.high + annotations.sum.high) >>> 0;
  const low = (labels.sum.low + annotations.sum.low) >>> 0;
  const content = [high, low] as const;
  if (status === "firing") return { fingerprint, status, startsAt, content };
  return endsAt === undefined ? undefined : { fingerprint, status, startsAt, endsAt, content };
}

function endOfStatus(scan: AlertScan, at: number): number {
  const { bytes } = scan.text;
  const isFiring = isName(bytes, at, FIRING);
  if (!isFiring && !isName(bytes, at, RESOLVED)) return STRANGE;
  scan.status = isFiring ? "firing" : "resolved";
  return at + (isFiring ? FIRING : RESOLVED).length;
}

function endOfStart(scan: AlertScan, at: number): number {
  const { bytes } = scan.text;
  const end = endOfName(bytes, at);
  scan.startsAt = end === STRANGE ? undefined : instantOf(bytes.toString("latin1", at + 1, end - 1));
  return Number.isNaN(scan.startsAt) ? STRANGE : end;
}

function endOfEnd(scan: AlertScan, at: number): number {
  const { bytes } = scan.text;
  const end = endOfName(bytes, at);
  scan.endsAt = end === STRANGE ? undefined : instantOf(bytes.toString("latin1", at + 1, end - 1));
  return Number.isNaN(scan.endsAt) ? STRANGE : end;
}

function endOfFingerprint(scan: AlertScan, at: number): number {
  const { bytes } = scan.text;
  const end = endOfName(bytes, at);
  if (end === STRANGE) return STRANGE;
  scan.fingerprint = bytes.toString("latin1", at + 1, end - 1);
  return FINGERPRINT.test(scan.fingerprint) ? end : STRANGE;
}
