import type { AlertGroup } from "../core/alert.ts";
import type { WebhookAuth } from "../core/config.ts";
import type { Source } from "../core/source.ts";
import {
  alarmArn,
  alarmContributor,
  alarmGroup,
  alarmState,
  alarmTags,
  type Dimensions,
  stringsOf,
} from "./alarm/alarm.ts";
import { authenticator } from "./webhook/auth.ts";
import {
  bodyText,
  isObject,
  type JsonObject,
  objectAt,
  parseObject,
  stringAt,
  textOf,
  unreadable,
} from "./webhook/fields.ts";
import { instantAt } from "./webhook/time.ts";

const ALARM = "CloudWatch Alarm State Change";
/** Of one time series of an alarm that has several. */
const CONTRIBUTOR = "CloudWatch Alarm Contributor State Change";

/** CloudWatch alarms through an EventBridge API destination, whose connection sends the credentials. */
export function createEventBridge(auth: WebhookAuth): Source {
  const authenticate = authenticator("eventbridge", auth);
  return {
    name: "eventbridge",
    authenticate: ({ headers }) => authenticate(headers),
    admit: authenticate,
    receive({ headers, body }) {
      authenticate(headers);
      return { kind: "group", group: parseEvent(bodyText(body)) };
    },
    parse: parseEvent,
  };
}

function parseEvent(text: string): AlertGroup {
  const event = parseObject(text);
  const type = event["detail-type"];
  if (type !== ALARM && type !== CONTRIBUTOR)
    throw unreadable("detail-type", `expected "${ALARM}" or "${CONTRIBUTOR}"`);
  const detail = objectAt(event.detail, "detail");
  const contributor = type === CONTRIBUTOR ? contributorOf(detail) : undefined;
  const state = objectAt(detail.state, "detail.state");
  const name = stringAt(detail.alarmName, "detail.alarmName");
  const at = instantAt(state.timestamp, () => "detail.state.timestamp") ?? instantAt(event.time, () => "time");
  if (at === undefined) throw unreadable("detail.state.timestamp", "expected a time");
  const place = { region: stringAt(event.region, "region"), account: stringAt(event.account, "account"), name };
  const configuration = isObject(detail.configuration) ? detail.configuration : {};
  return alarmGroup("eventbridge", {
    name,
    ...(contributor && { contributor }),
    arn: alarmArn(Array.isArray(event.resources) ? event.resources[0] : undefined, place),
    state: alarmState(state.value, "detail.state.value"),
    at,
    metrics: metricsOf(configuration),
    tags: alarmTags(detail.alarmTags),
    annotations: {
      summary: textOf(state.reason),
      description: textOf(configuration.description),
      alarm_rule: textOf(configuration.alarmRule),
      ...measured(state.reasonData),
      muted_by: isObject(detail.muteDetail) ? textOf(detail.muteDetail.mutedByArn) : undefined,
      suppressed_by: textOf(state.actionsSuppressedBy),
    },
  });
}

/** Without its id the change of one series would be taken for the alarm's. */
function contributorOf(detail: JsonObject) {
  const { id, attributes } = objectAt(detail.alarmContributor, "detail.alarmContributor");
  return alarmContributor(stringAt(id, "detail.alarmContributor.id"), attributes);
}

/** Loose: a metric that cannot be read is left out. A composite alarm has none. */
function metricsOf(configuration: JsonObject) {
  const items: readonly unknown[] = Array.isArray(configuration.metrics) ? configuration.metrics : [];
  return items.flatMap((item) => {
    const stat = isObject(item) ? item.metricStat : undefined;
    const metric = isObject(stat) ? stat.metric : undefined;
    if (!isObject(metric)) return [];
    const [name, namespace] = [textOf(metric.name), textOf(metric.namespace)];
    const dimensions: Dimensions = isObject(metric.dimensions) ? stringsOf(Object.entries(metric.dimensions)) : {};
    return [{ dimensions, ...(name !== undefined && { name }), ...(namespace !== undefined && { namespace }) }];
  });
}

/** `reasonData` is JSON text with the data points that were judged; the last one and the threshold are numbers worth keeping. */
function measured(reasonData: unknown): { value?: string; threshold?: string } {
  const data = looseObject(reasonData);
  const points: readonly unknown[] = Array.isArray(data.recentDatapoints) ? data.recentDatapoints : [];
  const last = points.at(-1);
  return {
    ...(typeof last === "number" && { value: String(last) }),
    ...(typeof data.threshold === "number" && { threshold: String(data.threshold) }),
  };
}

/** An alarm is not lost because a field that only adds to it cannot be read. */
function looseObject(text: unknown): JsonObject {
  try {
    return typeof text === "string" ? parseObject(text) : {};
  } catch {
    return {};
  }
}
