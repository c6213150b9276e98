/** A webhook body with places that are overwritten to make every request's alerts new ones. */
export type Template = { body: Buffer; places: readonly number[]; groupPlace: number };

const DIGITS = 16;
const ALERT_MARK = "@".repeat(DIGITS);
const GROUP_MARK = "#".repeat(DIGITS);

/** What Alertmanager sends for a group of this many firing alerts of one service, about 700 bytes each. */
export function template(alerts: number, service = "litellm"): Template {
  const common = { alertname: "LiteLLMHighErrorRate", service, cluster: "prod", severity: "critical" };
  const body = Buffer.from(
    JSON.stringify({
      receiver: "stanch",
      status: "firing",
      alerts: Array.from({ length: alerts }, () => alert(common)),
      groupLabels: { alertname: common.alertname, service: common.service },
      commonLabels: common,
      commonAnnotations: { runbook_url: "https://runbooks.example.com/litellm/high-error-rate" },
      externalURL: "http://alertmanager.monitoring.svc:9093",
      version: "4",
      groupKey: `{}/{team="platform"}:{alertname="LiteLLMHighErrorRate", group="${GROUP_MARK}"}`,
      truncatedAlerts: 0,
    }),
  );
  return { body, places: placesOf(body, ALERT_MARK), groupPlace: body.indexOf(GROUP_MARK) };
}

function alert(common: Readonly<Record<string, string>>): object {
  return {
    status: "firing",
    labels: { ...common, namespace: "llm", pod: `litellm-${ALERT_MARK}`, job: "litellm", instance: "10.0.12.7:4000" },
    annotations: {
      summary: "5xx ratio of litellm is above 10 %",
      description: "More than 10 % of requests failed in the last five minutes; the redeploy playbook may help.",
      runbook_url: "https://runbooks.example.com/litellm/high-error-rate",
      value: "0.1234",
    },
    startsAt: "2026-11-21T12:30:00.000Z",
    endsAt: "0001-01-01T00:00:00Z",
    generatorURL: "http://prometheus.monitoring.svc:9090/graph?g0.expr=rate%28errors%5B5m%5D%29&g0.tab=1",
    fingerprint: ALERT_MARK,
  };
}

function placesOf(body: Buffer, mark: string): readonly number[] {
  const places: number[] = [];
  for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + mark.length)) places.push(at);
  return places;
}

/** Writes `serial` and its followers over the template's places; each alert has two of them, its pod and its fingerprint. */
export function stamp({ places, groupPlace }: Template, body: Buffer, serial: number): void {
  for (const [index, place] of places.entries()) body.write(digits(serial + (index >> 1)), place, "latin1");
  body.write(digits(serial), groupPlace, "latin1");
}

function digits(serial: number): string {
  return serial.toString(16).padStart(DIGITS, "0");
}
