import type { Alert, AlertGroup, AlertStatus, SourceName } from "../../core/alert.ts";
import { cut } from "../../core/cut.ts";
import type { Instant } from "../../core/time.ts";
import { isObject, textOf, unreadable } from "../webhook/fields.ts";
import { fnv1a64 } from "../webhook/fingerprint.ts";
import type { Labels } from "../webhook/labels.ts";

/** One metric's dimensions, as name → value. */
export type Dimensions = Readonly<Record<string, string>>;

/** A state change of one CloudWatch alarm, or of one contributor to it, whichever way it came. */
export type Alarm = {
  name: string;
  arn: string;
  /** The time series of which it tells, where the alarm has several: each has a state of its own, besides the alarm's. */
  contributor?: Contributor;
  state: AlertStatus;
  at: Instant;
  /** Of every metric of the alarm; a metric-math alarm has several, a composite one none. */
  metrics: readonly { name?: string; namespace?: string; dimensions: Dimensions }[];
  tags: Labels;
  annotations: Readonly<Record<string, string | undefined>>;
};

/** One time series of a multi-time-series alarm (CloudWatch API, `AlarmContributor`). */
export type Contributor = { id: string; attributes: Dimensions };

const STATES: Readonly<Record<string, AlertStatus>> = { ALARM: "firing", OK: "resolved", INSUFFICIENT_DATA: "unknown" };
const ALARM_ARN = /^arn:(aws[a-z-]*):cloudwatch:([a-z0-9-]+):(\d{12}):alarm:(.+)$/s;

/** The labels that playbooks and `correlate-by` look for, and the dimensions they are taken from; the first that is there counts. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  service: ["ServiceName", "Service"],
  cluster: ["ClusterName", "Cluster"],
  namespace: ["Namespace"],
};

/** @throws AppError `invalid_request` for anything but ALARM, OK and INSUFFICIENT_DATA. */
export function alarmState(value: unknown, path: string): AlertStatus {
  const state = typeof value === "string" && Object.hasOwn(STATES, value) ? STATES[value] : undefined;
  if (state === undefined) throw unreadable(path, "expected ALARM, OK or INSUFFICIENT_DATA");
  return state;
}

/** The alarm's own ARN, or one made of its place and name where the sender gives none. */
export function alarmArn(sent: unknown, place: { region: string; account: string; name: string }): string {
  const arn = textOf(sent);
  if (arn !== undefined && ALARM_ARN.test(arn)) return arn;
  return `arn:aws:cloudwatch:${place.region}:${place.account}:alarm:${place.name}`;
}

/** Undefined where the sender names none: the change is the alarm's own. */
export function alarmContributor(id: unknown, attributes: unknown): Contributor | undefined {
  const known = textOf(id);
  return known === undefined ? undefined : { id: known, attributes: alarmTags(attributes) };
}

/** Tags that CloudWatch passes on when tag propagation is on; anything but an object of strings is ignored. */
export function alarmTags(value: unknown): Labels {
  return isObject(value) ? stringsOf(Object.entries(value)) : {};
}

/** The strings of these pairs under names that a label can have. */
export function stringsOf(pairs: readonly (readonly [string, unknown])[]): Labels {
  const kept = pairs
    .map(([name, value]) => [name.replace(/\W/g, "_").replace(/^\d/, "_$&"), value] as const)
    .filter(([name, value]) => name !== "" && name !== "__proto__" && typeof value === "string" && value !== "");
  return Object.fromEntries(kept.map(([name, value]) => [name, cut(String(value))]));
}

/**
 * The group of one alarm. The fingerprint is of the ARN, so that editing the alarm's dimensions does not make it another one, and of the
 * contributor, whose `OK` is not the alarm's. Labels, later ones winning: dimensions and the contributor's attributes, `service`/`cluster`/`namespace` taken from them, tags, then `alertname`, `region`,
 * `account`, `metric_name` and `metric_namespace`.
 */
export function alarmGroup(source: SourceName, alarm: Alarm): AlertGroup {
  const annotations = Object.entries(alarm.annotations).filter(([, text]) => text !== undefined && text !== "");
  const url = consoleUrl(alarm);
  const of = alarm.contributor === undefined ? alarm.arn : `${alarm.arn}/contributor/${alarm.contributor.id}`;
  const alert: Alert = {
    fingerprint: fnv1a64([Buffer.from(of)]),
    status: alarm.state,
    labels: labelsOf(alarm),
    annotations: Object.fromEntries(annotations.map(([name, text]) => [name, cut(String(text))])),
    startsAt: alarm.at,
    ...(alarm.state === "resolved" && { endsAt: alarm.at }),
    ...(url !== undefined && { url }),
  };
  return { source, groupKey: of, truncatedAlerts: 0, alerts: [alert] };
}

function labelsOf(alarm: Alarm): Labels {
  const [, , region, account] = ALARM_ARN.exec(alarm.arn) ?? [];
  const common = commonDimensions(alarm.metrics.map((metric) => metric.dimensions));
  const dimensions = { ...common, ...alarm.contributor?.attributes };
  const [metric] = alarm.metrics;
  return {
    ...dimensions,
    ...aliases(dimensions),
    ...alarm.tags,
    ...stringsOf([
      ["alertname", alarm.name],
      ["region", region],
      ["account", account],
      ["metric_name", metric?.name],
      ["metric_namespace", metric?.namespace],
    ]),
  };
}

/** A dimension on which the metrics disagree names no single target, so it is left out. */
function commonDimensions(all: readonly Dimensions[]): Labels {
  const pairs = all.flatMap((dimensions) => Object.entries(dimensions));
  const agreed = pairs.filter(([name, value]) => pairs.every(([other, its]) => other !== name || its === value));
  return stringsOf(agreed);
}

function aliases(dimensions: Labels): Labels {
  const pairs = Object.entries(ALIASES).map(([label, names]) => {
    const name = names.find((candidate) => Object.hasOwn(dimensions, candidate));
    return [label, name === undefined ? undefined : dimensions[name]] as const;
  });
  return stringsOf(pairs);
}

function consoleUrl({ arn }: Alarm): string | undefined {
  const [, partition, region, , name] = ALARM_ARN.exec(arn) ?? [];
  if (partition !== "aws" || region === undefined || name === undefined) return undefined;
  const alarm = encodeURIComponent(name.toWellFormed());
  const host = [region, "console", "aws", "amazon", "com"].join(".");
  return `https://${host}/cloudwatch/home?region=${region}#alarmsV2:alarm/${alarm}`;
}
