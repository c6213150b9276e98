type Labels = Readonly<Record<string, string>>;

const LONGEST_TITLE = 200;

/** Which incident an alert belongs to: the key, and the labels it was made of. */
export type Correlation = { key: string; labels: Labels };

/**
 * The correlation key (sections 2, 12, 14.1): `service=litellm,cluster=prod`, the `correlate-by` labels that are present, in
 * that order. Without the label `service`, where it is one of them, or with none of them, the alertname stands in front, so
 * that unrelated alerts do not become one incident. An empty label counts as absent, as in Prometheus.
 */
export function correlate(labels: Labels, correlateBy: readonly string[]): Correlation {
  const present = correlateBy.filter((name) => isPresent(labels, name));
  const lacksService = correlateBy.includes("service") && !isPresent(labels, "service");
  const named = present.length > 0 && !lacksService;
  const names = named ? present : ["alertname", ...present.filter((name) => name !== "alertname")];
  const pairs = names.map((name): [string, string] => [name, labels[name] ?? ""]);
  return { key: pairs.map(pair).join(","), labels: Object.fromEntries(pairs) };
}

/** The same with the last answer kept: the alerts of one body mostly belong together. */
export function correlator(correlateBy: readonly string[]): (labels: Labels) => Correlation {
  const read = [...correlateBy, "alertname"];
  let last: { labels: Labels; correlation: Correlation } | undefined;
  return (labels) => {
    const known = last?.labels;
    if (last && known && read.every((name) => labels[name] === known[name])) return last.correlation;
    last = { labels, correlation: correlate(labels, correlateBy) };
    return last.correlation;
  };
}

function isPresent(labels: Labels, name: string): boolean {
  return (labels[name] ?? "") !== "";
}

/** A value that could be read as more than one pair is quoted. */
function pair([name, value]: [string, string]): string {
  return `${name}=${/[,="\s]/.test(value) ? JSON.stringify(value) : value}`;
}

/** The incident's one-line name: `LiteLLMHighErrorRate on litellm (cluster prod)`. */
export function titleOf(alertLabels: Labels, correlation: Correlation): string {
  const name = alertLabels["alertname"] || "Unnamed alert";
  const { service, alertname: _, ...rest } = correlation.labels;
  const place = Object.entries(rest).map(([label, value]) => `${label} ${value}`);
  return [name, service ? `on ${service}` : "", place.length > 0 ? `(${place.join(", ")})` : ""]
    .filter((part) => part !== "")
    .join(" ")
    .slice(0, LONGEST_TITLE);
}

/** The labels that every one of these alerts carries with the same value. */
export function commonLabels(all: readonly Labels[]): Labels {
  const [first, ...rest] = all;
  if (!first) return {};
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => rest.every((labels) => labels[name] === value)),
  );
}
