import { isObject, type JsonObject, textOf } from "../webhook/fields.ts";
import type { Alarm, Dimensions } from "./alarm.ts";

type Metric = Alarm["metrics"][number];

/**
 * The metrics of an SNS message's `Trigger`: the one of a plain alarm, or those behind a metric-math expression. Loose: what cannot
 * be read is left out, since an alarm without dimensions is still an alarm. A composite alarm has no `Trigger`.
 */
export function metricsOf(trigger: unknown): readonly Metric[] {
  if (!isObject(trigger)) return [];
  if (!Array.isArray(trigger.Metrics)) return [metricOf(trigger)];
  return trigger.Metrics.flatMap((item: unknown) => {
    const stat = isObject(item) ? item.MetricStat : undefined;
    return isObject(stat) && isObject(stat.Metric) ? [metricOf(stat.Metric)] : [];
  });
}

function metricOf(raw: JsonObject): Metric {
  const [name, namespace] = [textOf(raw.MetricName), textOf(raw.Namespace)];
  const dimensions = dimensionsOf(raw.Dimensions);
  return { dimensions, ...(name !== undefined && { name }), ...(namespace !== undefined && { namespace }) };
}

function dimensionsOf(value: unknown): Dimensions {
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  const pairs = items.flatMap((item) => {
    const name = isObject(item) ? textOf(item.name) : undefined;
    const its = isObject(item) ? textOf(item.value) : undefined;
    return name === undefined || its === undefined ? [] : [[name, its] as const];
  });
  return Object.fromEntries(pairs);
}
