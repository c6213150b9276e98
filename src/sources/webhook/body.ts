import type { Alert, AlertGroup, AlertStatus, SourceName } from "../../core/alert.ts";
import { idOf } from "../../core/hash.ts";
import type { Instant } from "../../core/time.ts";
import { isObject, type JsonObject, objectAt, parseObject, textOf, unreadable } from "./fields.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { annotationsAt, type Labels, labelsAt } from "./labels.ts";
import { instantAt } from "./time.ts";

/** What is particular to one sender of Alertmanager's webhook format. `now` stands in for times that the sender left out. */
export type BodyFormat = {
  source: SourceName;
  now(): Instant;
  annotate?(raw: JsonObject, annotations: Labels): Labels;
};

const FINGERPRINT = /^[A-Za-z0-9_-]{1,64}$/;
const LONGEST_GROUP_KEY = 1024;
const LONGEST_URL = 4096;

/**
 * Reads Alertmanager's webhook body (version 4, and Grafana's of the same shape). Only the fields that are used are checked, by
 * hand: a schema library costs a hundred times as much here. Everything else is ignored.
 * @throws AppError `invalid_request` with the field's path.
 */
export function parseBody(format: BodyFormat, text: string): AlertGroup {
  const body = parseObject(text);
  const items = body.alerts;
  if (!Array.isArray(items)) throw unreadable("alerts", "expected an array");
  const alerts = items.map((item: unknown, index) => readAlert(format, item, { index, groupStatus: body.status }));
  return {
    source: format.source,
    groupKey: readGroupKey(body, alerts),
    truncatedAlerts: readCount(body.truncatedAlerts),
    alerts,
  };
}

function readAlert(format: BodyFormat, item: unknown, group: { index: number; groupStatus: unknown }): Alert {
  const { index } = group;
  if (!isObject(item)) throw unreadable(`alerts[${index}]`, "expected an object");
  const status = readStatus(item.status ?? group.groupStatus, index);
  const labels = labelsAt(item.labels, index);
  const annotations = annotationsAt(item.annotations, index);
  const startsAt = instantAt(item.startsAt, () => `alerts[${index}].startsAt`) ?? format.now();
  const endsAt = instantAt(item.endsAt, () => `alerts[${index}].endsAt`);
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

function readStatus(value: unknown, index: number): AlertStatus {
  if (value === "firing" || value === "resolved") return value;
  throw unreadable(`alerts[${index}].status`, "expected firing or resolved");
}

function readFingerprint(value: unknown, labels: Labels): string {
  return typeof value === "string" && FINGERPRINT.test(value) ? value : fingerprintOf(labels);
}

/** Only web addresses: they are shown as links. */
function readUrl(value: unknown): string | undefined {
  const url = textOf(value);
  return url !== undefined && url.length <= LONGEST_URL && /^https?:\/\//.test(url) ? url : undefined;
}

/** The sender's key; without one, derived from the group's labels, or else from its alerts. */
function readGroupKey(body: JsonObject, alerts: readonly Alert[]): string {
  const key = textOf(body.groupKey);
  if (key !== undefined) return key.length <= LONGEST_GROUP_KEY ? key : idOf("group", key);
  const labels = body.groupLabels === undefined ? {} : objectAt(body.groupLabels, "groupLabels");
  const pairs = Object.entries(labels).map(([name, value]) => JSON.stringify([name, value]));
  if (pairs.length > 0) return idOf("group", ...pairs.sort());
  return idOf("group", ...alerts.map((alert) => alert.fingerprint).sort());
}

function readCount(value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) return value;
  throw unreadable("truncatedAlerts", "expected a whole number, 0 or more");
}
