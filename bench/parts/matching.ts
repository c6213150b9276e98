import { indexPlaybooks } from "../../src/core/match-index.ts";
import { parseMatcher } from "../../src/core/matcher.ts";
import type { Playbook } from "../../src/core/playbook/playbook.ts";
import type { Finding } from "../harness/gates.ts";
import { median, short } from "../harness/statistics.ts";
import type { PartOptions } from "../parts.ts";

const ALERTS = 20_000;

/** Selecting playbooks for an alert among 1,000, every twentieth of which has no equality to index it by. */
export async function matchingPart({ rounds, say }: PartOptions): Promise<readonly Finding[]> {
  const alerts = Array.from({ length: ALERTS }, (_, index) => labels(index));
  const few = indexPlaybooks(playbooks(10));
  const many = indexPlaybooks(playbooks(1_000));
  const micros = { few: [] as number[], many: [] as number[] };
  let matched = 0;
  for (let round = 0; round < rounds + 2; round++) {
    for (const [name, index] of [
      ["few", few],
      ["many", many],
    ] as const) {
      const started = performance.now();
      for (const one of alerts) matched += index.select(one).length;
      const spent = ((performance.now() - started) * 1_000) / ALERTS;
      if (round > 1) micros[name].push(spent);
    }
  }
  if (matched === 0) throw new Error("nothing matched");
  say(
    `matching  10 playbooks ${short(median(micros.few))} µs/alert, 1,000 playbooks ${short(median(micros.many))} µs/alert`,
  );
  return [
    { id: "matching.1000", value: median(micros.many), note: `with 10 playbooks ${short(median(micros.few))} µs` },
  ];
}

function labels(index: number): Readonly<Record<string, string>> {
  return {
    alertname: `Alert${index % 1_200}`,
    service: `service-${index % 400}`,
    cluster: index % 2 ? "prod" : "staging",
    namespace: "llm",
    pod: `pod-${index % 3_000}`,
    severity: index % 3 ? "critical" : "warning",
  };
}

function playbooks(count: number): readonly Playbook[] {
  return Array.from({ length: count }, (_, index) => playbook(index));
}

function playbook(index: number): Playbook {
  const lines =
    index % 20 === 0
      ? [`service =~ "service-${index % 10}.*"`, 'severity != "info"']
      : [`alertname = "Alert${index}"`, 'service =~ "service-.*"', 'cluster = "prod"'];
  return {
    name: `playbook-${index}`,
    description: "",
    match: lines.map(parseMatcher),
    severity: ["P0", "P1", "P2"],
    priority: index % 7,
    vars: {},
    target: { text: "ecs:x", reads: [], render: () => ({ known: true, value: "ecs:x" }) },
    alsoTargets: [],
    autonomy: {},
    limits: { budget: [] },
    steps: [],
    onFailure: [],
    on: "firing",
    file: "",
    text: "",
    digest: "",
  };
}
