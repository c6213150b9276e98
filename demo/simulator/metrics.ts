/** Counters and gauges of the simulator, by series (`name{label="value"}`), in Prometheus text format. */
export type Metrics = {
  add(name: string, labels: Readonly<Record<string, string>>, by?: number): void;
  set(name: string, labels: Readonly<Record<string, string>>, to: number): void;
  value(name: string, labels: Readonly<Record<string, string>>): number;
  text(): string;
};

const HELP: Readonly<Record<string, { type: "counter" | "gauge"; help: string }>> = {
  http_requests_total: { type: "counter", help: "Answers of the gateway by status code." },
  router_requests_total: { type: "counter", help: "Calls to a provider." },
  router_errors_total: { type: "counter", help: "Calls to a provider that failed, by reason." },
  router_circuit_breaker_state: { type: "gauge", help: "1 while the breaker of a provider is open." },
  gateway_shed_total: { type: "counter", help: "Requests dropped on purpose (SHED_RATE)." },
};

/** Starts with every metric known and `gateway_shed_total` at 0, so that a ratio never lacks its series. */
export function createMetrics(): Metrics {
  const series = new Map<string, Map<string, number>>(Object.keys(HELP).map((name) => [name, new Map()]));
  const of = (name: string) => series.get(name) ?? series.set(name, new Map()).get(name) ?? new Map<string, number>();
  of("gateway_shed_total").set("", 0);
  return {
    add: (name, labels, by = 1) => of(name).set(key(labels), (of(name).get(key(labels)) ?? 0) + by),
    set: (name, labels, to) => of(name).set(key(labels), to),
    value: (name, labels) => of(name).get(key(labels)) ?? 0,
    text: () => [...series].map(([name, values]) => block(name, values)).join(""),
  };
}

function block(name: string, values: ReadonlyMap<string, number>): string {
  const head = HELP[name];
  const lines = head === undefined ? [] : [`# HELP ${name} ${head.help}`, `# TYPE ${name} ${head.type}`];
  for (const [labels, value] of values) lines.push(`${name}${labels === "" ? "" : `{${labels}}`} ${value}`);
  return `${lines.join("\n")}\n`;
}

function key(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, "_")}"`)
    .join(",");
}
