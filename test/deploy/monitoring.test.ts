import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { describe, it } from "node:test";
import { createMetrics } from "../../demo/simulator/metrics.ts";
import { ROOT, text, yaml } from "./files.ts";

type Rules = {
  groups: {
    name: string;
    rules: { alert: string; expr: string; labels: { severity: string }; annotations: { summary: string } }[];
  }[];
};
type Dashboard = { panels: { title: string; targets: { expr: string }[] }[] };

const files = globSync("deploy/prometheus/*.rules.yml", { cwd: ROOT });
const dashboard = JSON.parse(text("deploy/grafana/stanch.json")) as Dashboard;
const expressions = [
  ...files.flatMap((file) => yaml<Rules>(file).groups.flatMap(({ rules }) => rules.map((rule) => rule.expr))),
  ...dashboard.panels.flatMap(({ targets }) => targets.map((target) => target.expr)),
];
const metricNames = (prefix: string) => [
  ...new Set(expressions.join("\n").match(new RegExp(`\\b${prefix}_[a-z_]+`, "g")) ?? []),
];

describe("alert rules and dashboard", () => {
  it("give each alert a severity, a summary and a name of its own", () => {
    const rules = files.flatMap((file) => yaml<Rules>(file).groups.flatMap((group) => group.rules));
    assert.ok(rules.length >= 10);
    assert.equal(new Set(rules.map((rule) => rule.alert)).size, rules.length);
    for (const rule of rules) {
      assert.match(rule.labels.severity, /^(critical|warning)$/, rule.alert);
      assert.ok(rule.annotations.summary.length > 10, rule.alert);
    }
  });

  it("use only metrics that stanch exposes", () => {
    const source = text("src/http/metrics.ts");
    for (const name of metricNames("stanch")) {
      const declared = name.replace(/^stanch_/, "").replace(/_bucket$/, "");
      assert.ok(source.includes(`"${declared}"`) || source.includes(`"stanch_${declared}"`), name);
    }
  });

  it("never add up what every process tells of the one store: two workers would show each run twice", () => {
    const gauges = [...text("src/http/metrics.ts").matchAll(/\bgauge\(\s*registry,\s*"([a-z_]+)"/g)].map(
      ([, name = ""]) => name,
    );
    assert.ok(gauges.includes("runs"));
    for (const expr of expressions)
      for (const name of gauges)
        for (const [, by] of expr.matchAll(new RegExp(`(\\w+)(?: by \\([^)]*\\))? ?\\(stanch_${name}\\b`, "g")))
          assert.equal(by, "max", expr);
  });

  it("use only gateway metrics that the simulator exposes", () => {
    const exposed = createMetrics().text();
    for (const name of [...metricNames("router"), ...metricNames("gateway")]) assert.ok(exposed.includes(name), name);
  });
});
