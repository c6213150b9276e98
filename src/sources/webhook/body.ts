import type { Alert, AlertGroup, AlertStatus, SourceName } from "../../core/alert.ts";
import { idOf } from "../../core/hash.ts";
import type { Instant } from "../../core/time.ts";
import {
  addAlertFault,
  addFault,
  type Faults,
  isObject,
  type JsonObject,
  noFaults,
  parseObject,
  textOf,
  unreadableFor,
} from "./fields.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { annotationsAt, type Labels, labelsAt } from "./labels.ts";
import { instantOf, NOT_A_TIME } from "./time.ts";

/** What is particular to one sender of Alertmanager's webhook format. `now` stands in for times that the sender left out. */
export type BodyFormat = {
  source: SourceName;
  now(): Instant;
  annotate?(raw: JsonObject, annotations: Labels): Labels;
};

/** A fingerprint that is taken as it comes; for any other one is made of the labels. */
export const FINGERPRINT = /^[A-Za-z0-9_-]{1,64}$/;
export const LONGEST_GROUP_KEY = 1024;
const LONGEST_URL = 4096;

/**
 * Reads Alertmanager's webhook body (version 4, and Grafana's of the same shape). Only the fields that are used are checked, by
 * hand: a schema library costs a hundred times as much here. Everything else is ignored. Alerts that cannot be read are left out and
 * told in `rejected`: one of them must not cost the others.
 * @throws AppError `invalid_request` with the paths of the faults when no alert can be read, or what is around them cannot.
 */
export function parseBody(format: BodyFormat, text: string): AlertGroup {
  const body = parseObject(text);
  const faults = noFaults();
  const items = readItems(body.alerts, faults);
  const truncatedAlerts = readCount(body.truncatedAlerts, faults);
  const groupLabels = readGroupLabels(body, faults);
  const isBroken = faults.count > 0;
  const alerts = readAlerts(format, items, {
    groupStatus: body.status,
    faults,
    begun: { text: undefined, at: undefined },
  });
  if (isBroken || (alerts.length === 0 && items.length > 0)) throw unreadableFor(faults);
  const groupKey = readGroupKey(body, groupLabels, alerts);
  const group = { source: format.source, groupKey, truncatedAlerts, alerts };
  if (faults.count === 0) return group;
  return { ...group, rejected: { count: items.length - alerts.length, faults: faults.first } };
}

/** What the alerts of one body share while they are read; most of a group have begun at the same time. */
type Reading = { groupStatus: unknown; faults: Faults; begun: { text: unknown; at: Instant | undefined } };

function readAlerts(format: BodyFormat, items: readonly unknown[], reading: Reading): readonly Alert[] {
  const alerts: Alert[] = [];
  for (let index = 0; index < items.length; index += 1) {
    reading.faults.alert = index;
    const alert = readAlert(format, items[index], reading);
    if (alert !== undefined) alerts.push(alert);
  }
  return alerts;
}

/** Nothing is thrown for a fault: a hostile body can have a million of them, and an error's stack costs more than an alert. */
function readAlert(format: BodyFormat, item: unknown, reading: Reading): Alert | undefined {
  const { groupStatus, faults } = reading;
  if (!isObject(item)) return addAlertFault(faults, "", "expected an object");
  const before = faults.count;
  const status = readStatus(item.status ?? groupStatus, faults);
  const labels = labelsAt(item.labels, faults);
  const annotations = annotationsAt(item.annotations, faults);
  const startsAt = readStart(item.startsAt, reading) ?? format.now();
  const endsAt = readTime(item.endsAt, ".endsAt", faults);
  if (!status || !labels || !annotations || faults.count > before) return undefined;
  const url = readUrl(item.generatorURL);
  return {
    fingerprint: readFingerprint(item.fingerprint, labels),
    status,
    labels,
    annotations: format.annotate?.(item, annotations) ?? annotations,
    startsAt,
    ...(status === "resolved" && { endsAt: endsAt ?? format.now() }),
    ...(url !== undefined && { url }),
  };
}

function readStatus(value: unknown, faults: Faults): AlertStatus | undefined {
  if (value === "firing" || value === "resolved") return value;
  return addAlertFault(faults, ".status", "expected firing or resolved");
}

function readStart(value: unknown, { begun, faults }: Reading): Instant | undefined {
  if (value === begun.text) return begun.at;
  const at = readTime(value, ".startsAt", faults);
  if (!Number.isNaN(at)) {
    begun.text = value;
    begun.at = at;
  }
  return at;
}

function readTime(value: unknown, field: string, faults: Faults): Instant | undefined {
  const at = instantOf(value);
  if (Number.isNaN(at)) addAlertFault(faults, field, NOT_A_TIME);
  return at;
}

function readFingerprint(value: unknown, labels: Labels): string {
  return typeof value === "string" && FINGERPRINT.test(value) ? value : fingerprintOf(labels);
}

/** Only web addresses: they are shown as links. */
function readUrl(value: unknown): string | undefined {
  const url = textOf(value);
  return url !== undefined && url.length <= LONGEST_URL && /^https?:\/\//.test(url) ? url : undefined;
}

function readItems(value: unknown, faults: Faults): readonly unknown[] {
  if (Array.isArray(value)) return value;
  addFault(faults, "alerts", "expected an array");
  return [];
}

/** Only asked for where the sender gave no key of its own. */
function readGroupLabels({ groupKey, groupLabels }: JsonObject, faults: Faults): JsonObject {
  if (textOf(groupKey) !== undefined || groupLabels === undefined) return {};
  return isObject(groupLabels) ? groupLabels : (addFault(faults, "groupLabels", "expected an object") ?? {});
}

/** The sender's key; without one, derived from the group's labels, or else from its alerts. */
function readGroupKey(body: JsonObject, labels: JsonObject, alerts: readonly Alert[]): string {
  const key = textOf(body.groupKey);
  if (key !== undefined) return key.length <= LONGEST_GROUP_KEY ? key : idOf("group", key);
  const pairs = Object.entries(labels).map(([name, value]) => JSON.stringify([name, value]));
  if (pairs.length > 0) return idOf("group", ...pairs.sort());
  return idOf("group", ...alerts.map((alert) => alert.fingerprint).sort());
}

function readCount(value: unknown, faults: Faults): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) return value;
  addFault(faults, "truncatedAlerts", "expected a whole number, 0 or more");
  return 0;
}
