import type { House } from "./house.ts";

/** Something that happens before or after the alert. */
export type Story = (house: House) => Promise<unknown>;

export const nothing: Story = async () => {};

/** One world per key; a control and its twin differ in exactly one of them. */
export type Situation = {
  alertname: string;
  service: string;
  level: string;
  env: string;
  /** The annotation that the fact `load` reads; empty: it has none. */
  value: string;
  status: "firing" | "resolved";
  truncated: number;
  match: string;
  severities: string;
  autonomy: string;
  on: string;
  target: string;
  also: string;
  limits: string;
  approval: string;
  uses: string;
  /** Flow YAML of the step's `to`. */
  to: string;
  /** More keys of the changing step, as flow YAML after a comma. */
  more: string;
  /** The steps, with STEP where the changing step stands. */
  steps: string;
  ceiling: string;
  severity: string;
  budget: string;
  targetBudget: string;
  concurrent: number;
  maxTargets: number;
  freeze: string;
  /** Whether what the guards read cannot be reached from now on. */
  broken: boolean;
  /** Playbooks loaded. */
  loaded: "respond" | "none";
  before: Story;
  after: Story;
};

/** A situation in which stanch acts. */
export const ACTS: Situation = {
  alertname: "Down",
  service: "litellm",
  level: "critical",
  env: "prod",
  value: "0.9",
  status: "firing",
  truncated: 0,
  match: `['alertname = "Down"', 'env != "dev"']`,
  severities: "[P0, P1, P2]",
  autonomy: "{ P0: auto, P1: auto }",
  on: "firing",
  target: "'thing:litellm'",
  also: "[]",
  limits: "{}",
  approval: "{}",
  uses: "test.change",
  to: "'thing:litellm'",
  more: "",
  steps: "STEP",
  ceiling: "auto",
  severity: `
  - { level: P0, when: 'alert.labels.severity == "disaster"' }
  - { level: P1, when: 'alert.labels.severity == "critical"' }
  - { level: P2, when: 'alert.labels.severity == "warning"' }`,
  budget: "[{ runs: 20, per: 1h }]",
  targetBudget: "[]",
  concurrent: 5,
  maxTargets: 5,
  freeze: "[]",
  broken: false,
  loaded: "respond",
  before: nothing,
  after: nothing,
};

export function configText(at: Situation): string {
  return `version: 1
autonomy: ${at.ceiling}
facts: { load: { fallback: 'double(alert.annotations.value)', max-age: 1s } }
severity: ${at.severity}
limits: { budget: ${at.budget}, target-budget: ${at.targetBudget}, max-concurrent-runs: ${at.concurrent}, max-targets-per-step: ${at.maxTargets}, fleet-min: 10 }
freeze: ${at.freeze}
approvals:
  people: { anna: { token: anna-cli }, ben: { token: ben-cli } }
  groups: { oncall: { people: [anna, ben], api-tokens: [robot] } }
  default: { group: oncall, expires: 15m }
api: { tokens: [{ name: anna-cli, role: admin, token: t1-0123456789abcdef }, { name: ben-cli, role: operator, token: t2-0123456789abcdef }, { name: robot, role: operator, token: t3-0123456789abcdef }] }
`;
}

export function playbookText(at: Situation): string {
  const step = `{ id: change, uses: ${at.uses}, with: { to: ${at.to} }${at.more} }`;
  const own = at.steps.includes("\n")
    ? at.steps.replaceAll("STEP", step)
    : `\n  - ${at.steps.replaceAll("STEP", step)}`;
  return `name: respond
match: ${at.match}
severity: ${at.severities}
autonomy: ${at.autonomy}
on: ${at.on}
target: ${at.target}
also-targets: ${at.also}
limits: ${at.limits}
approval: ${at.approval}
steps:${own}
on-failure: [escalate]
`;
}

/** A second playbook, for another service: it changes something and then holds its lock and its place for an hour. */
export const OTHER = `name: other
match: ['alertname = "Other"']
autonomy: { P1: auto }
target: \${{ label("takes", "thing:other") }}
steps:
  - { id: first, uses: test.change, with: { to: '\${{ target }}' } }
  - { id: stay, wait: 1h }
on-failure: [escalate]
`;

type Labels = Readonly<Record<string, string>>;
export type AlertText = {
  labels: Labels;
  value?: string;
  status?: "firing" | "resolved";
  startsAt?: number;
  endsAt?: number;
};

/** Alertmanager's body with one alert. */
export function bodyOf(house: House, alert: AlertText, truncatedAlerts = 0): object {
  const { labels, value = "", status = "firing", startsAt = house.clock.at, endsAt = house.clock.at } = alert;
  const item = {
    status,
    labels: Object.fromEntries(Object.entries(labels).filter(([, text]) => text !== "")),
    annotations: value === "" ? {} : { value },
    startsAt: new Date(startsAt).toISOString(),
    endsAt: status === "firing" ? "0001-01-01T00:00:00Z" : new Date(endsAt).toISOString(),
  };
  return { version: "4", groupKey: "g", truncatedAlerts, status, alerts: [item] };
}

/** The body of a situation's alert. */
export function alertOf({ alertname, service, level, env, value, status }: Situation): AlertText {
  return { labels: { alertname, service, severity: level, env }, value, status };
}
