import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, test } from "node:test";
import { createConnections } from "../../src/actions/connections.ts";
import { exampleConfig } from "../../src/config/example.ts";
import { SCOPE } from "../core/cel/samples.ts";
import { faultsOf, load, MINIMAL, put, SECRETS } from "./samples.ts";

const ROOT = resolve(import.meta.dirname, "../..");

test("the least configuration has safe defaults", () => {
  const config = load(MINIMAL);
  assert.equal(config.autonomy, "auto");
  assert.deepEqual(config.incidents.correlateBy, ["service", "cluster", "namespace"]);
  assert.deepEqual(
    [config.incidents.reopenWithin, config.incidents.bake, config.incidents.maxRuns],
    [1_800_000, 600_000, 3],
  );
  assert.deepEqual(config.limits.budget, [{ runs: 20, per: 3_600_000 }]);
  assert.deepEqual(
    [config.retention, config.maxBody, config.durability],
    [90 * 86_400_000, 10 * 1024 * 1024, { kind: "everysec" }],
  );
  assert.deepEqual(config.sources.alertmanager, { kind: "bearer", token: SECRETS.ALERTMANAGER_TOKEN });
  assert.deepEqual(config.api.tokens, [{ name: "cli", role: "operator", token: SECRETS.STANCH_API_TOKEN }]);
  assert.deepEqual(
    [config.environment.port, config.environment.playbooks, config.environment.logLevel],
    [8080, "playbooks", "info"],
  );
  assert.equal(config.environment.slack, undefined);
  assert.deepEqual(config.acceptedRisks, []);
});

test("an empty variable counts as absent, as docker-compose passes those that nobody set", () => {
  const names = ["PORT", "REDIS_URL", "STANCH_PLAYBOOKS", "LOG_LEVEL"];
  const slack = ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN", "SLACK_API_URL"];
  const empty = Object.fromEntries([...names, ...slack].map((name) => [name, ""]));
  assert.deepEqual(load(MINIMAL, { environment: { ...SECRETS, ...empty } }).environment, load(MINIMAL).environment);
  const half = { ...SECRETS, ...empty, SLACK_BOT_TOKEN: "xoxb-1", SLACK_APP_TOKEN: "xapp-1" };
  const tokens = { botToken: "xoxb-1", appToken: "xapp-1" };
  assert.deepEqual(load(MINIMAL, { environment: half }).environment.slack, tokens);
  assert.match(faultsOf(MINIMAL, { environment: { ...SECRETS, ALERTMANAGER_TOKEN: "" } }).join(), /is not set/);
});

test("the example that stanch init writes loads", () => {
  const config = load(exampleConfig());
  assert.deepEqual(
    config.facts.map((fact) => fact.name),
    ["error_rate"],
  );
  assert.deepEqual(
    config.severity.map((rule) => rule.level),
    ["P0", "P1", "P2", "P1", "P2", "none"],
  );
  assert.equal(config.connections.prometheus["main"]?.url, "http://127.0.0.1:9090");
});

test("what the example has commented out loads too", () => {
  const text = exampleConfig().replaceAll(/^( *)# (?=[a-z]+: [[{])/gm, "$1");
  const config = load(text, {
    environment: { ...SECRETS, EVENTBRIDGE_TOKEN: "eventbridge-1", ROUTER_TOKEN: "router-token-1" },
  });
  assert.ok(config.sources.cloudwatch && config.sources.grafana && config.freeze.length === 1);
  assert.equal(config.connections.settings["gateway"]?.kind, "http");
});

describe("the files of the repository load", () => {
  const environment = {
    ...SECRETS,
    DEMO_AUTONOMY: "auto",
    PROMETHEUS_URL: "http://127.0.0.1:1",
    GATEWAY_URL: "http://127.0.0.1:2",
  };
  for (const file of ["demo/stanch.yaml", "deploy/kubernetes/stanch.yaml"]) {
    test(file, () => assert.deepEqual(faultsOf(readFileSync(resolve(ROOT, file), "utf8"), { environment }), []));
  }
});

test("every section reaches the Config", () => {
  put("token.txt", "token-from-file\n");
  const config = load(
    `version: 1
vars: { service_default: litellm, limit: 3 }
autonomy: approve
sources:
  alertmanager: { basic: { username: am, password: "\${env:ALERTMANAGER_TOKEN}" } }
  grafana: { hmac: "\${env:GRAFANA_SECRET}", timestamp-header: X-Time }
  cloudwatch: { topics: ["arn:aws:sns:us-west-1:123456789012:alerts"], allow-signature-version-1: true }
api: { tokens: [{ name: cli, role: admin, token: "\${file:token.txt}" }] }
incidents: { correlate-by: [service], reopen-within: 1h, bake: 5m, max-runs: 2, reassess-every: 30s, stale-after: 1h }
facts:
  cpu: { query: 'cpu{s="\${{ label("service") }}"}', max-age: 30s }
  rate: { match: ['service = "x"'], fallback: double(alert.annotations.value) }
severity: [{ level: P0, when: facts.cpu > vars.limit, for: 5m }, { level: none, when: true }]
limits: { budget: [{ runs: 1, per: 1m }], target-budget: [{ runs: 2, per: 1h }], max-concurrent-runs: 2, max-targets-per-step: 3, fleet-fraction: 0.5, fleet-min: 4, flapping: { changes: 6, per: 10m } }
freeze: [{ cron: "0 16 * * 5", for: 64h, tz: Europe/Berlin, allow: [P0], reason: weekend }]
approvals:
  people: { anna: { slack: U1, token: cli } }
  groups: { oncall: { people: [anna], slack-users: [U2], slack-user-groups: [S1], api-tokens: [cli] } }
  default: { group: oncall, required: 2, requester-may-approve: false, expires: 5m, valid-for: 2m, on-expiry: deny }
escalation: [{ after: 0m, when: needs-person, notify: ["slack:@oncall"] }, { after: 15m, when: unmitigated, severities: [P0], notify: ["pagerduty:main"] }]
slack: { channel: "#a", routes: [{ match: ['team = "security"'], channel: "#sec", private: true }], incident-channel: { severities: [P0], prefix: inc, invite: [oncall] } }
reports: { directory: reports, decision-log: D.log, incidents-log: I.md, post-mortem-within: 24h }
retention: 30d
max-body: 1048576
durability: "wait:1"
connections:
  prometheus: { main: { url: "http://p:9090", headers: { authorization: x } } }
  http: { router: { base-url: "http://r", allow-private: true } }
  redis: { router: { url: "redis://r/0" } }
  kubernetes: { prod: { context: prod } }
  ecs: { poc: { region: us-west-1 } }
  alertmanager: { main: { url: "http://a:9093" } }
  pagerduty: { main: { routing-key: "0123456789abcdef" } }
  settings: { gateway: { kind: http, http: router, path: /s, allow: { A: { type: number, min: 0, max: 1 }, B: { type: string, one-of: [x] } } }, store: { kind: redis, redis: router, prefix: "s:", allow: {} } }
`,
    {
      environment: {
        ...SECRETS,
        PORT: "9999",
        REDIS_URL: "redis://127.0.0.1:1",
        STANCH_PLAYBOOKS: "/p",
        LOG_LEVEL: "debug",
        SLACK_BOT_TOKEN: "xoxb-1",
        SLACK_SIGNING_SECRET: "s",
      },
    },
  );
  assert.equal(config.api.tokens[0]?.token, "token-from-file");
  assert.deepEqual(config.sources.grafana, { kind: "hmac", secret: SECRETS.GRAFANA_SECRET, timestampHeader: "X-Time" });
  assert.deepEqual(config.sources.cloudwatch, {
    topics: ["arn:aws:sns:us-west-1:123456789012:alerts"],
    allowSignatureVersion1: true,
  });
  assert.equal(config.sources.alertmanager?.kind, "basic");
  assert.deepEqual(config.limits.flapping, { changes: 6, per: 600_000 });
  assert.deepEqual(config.approvals.default, {
    group: "oncall",
    required: 2,
    requesterMayApprove: false,
    expires: 300_000,
    validFor: 120_000,
    onExpiry: "deny",
  });
  assert.deepEqual(config.slack.incidentChannel, { severities: ["P0"], prefix: "inc", invite: ["oncall"] });
  assert.deepEqual(config.durability, { kind: "wait", replicas: 1 });
  assert.deepEqual(config.connections.http["router"], { baseUrl: "http://r", allowPrivate: true, headers: {} });
  assert.deepEqual(config.connections.kubernetes["prod"], { context: "prod" });
  assert.deepEqual(config.connections.pagerduty["main"], { routingKey: "0123456789abcdef" });
  assert.deepEqual(Object.keys(config.connections.settings), ["gateway", "store"]);
  assert.deepEqual(
    [config.environment.port, config.environment.redisUrl, config.environment.playbooks],
    [9999, "redis://127.0.0.1:1", "/p"],
  );
  assert.equal(config.environment.slack?.signingSecret, "s");
  const [cpu, rate] = config.facts;
  assert.deepEqual(cpu?.query?.render(SCOPE), { known: true, value: 'cpu{s="litellm"}' });
  assert.deepEqual([cpu?.maxAge, rate?.maxAge, rate?.match.length], [30_000, 60_000, 1]);
  assert.deepEqual(rate?.fallback?.render(SCOPE), { known: true, value: 0.3 });
  assert.deepEqual(config.severity[0]?.when.test({ ...SCOPE, facts: { cpu: 4 }, vars: config.vars }), {
    known: true,
    value: true,
  });
});

test("an ECS connection without a region leads to that of the environment, and is one with those that name it", () => {
  const text = `${MINIMAL}connections: { ecs: { named: { region: us-west-1 }, open: {}, other: { region: eu-west-1 } } }\n`;
  const identities = (region: string) => {
    const { connections } = load(text, { environment: { ...SECRETS, AWS_REGION: region } });
    const { find } = createConnections(connections);
    return ["named", "open", "other"].map((name) => find("ecs", name).identity);
  };
  assert.deepEqual(identities("us-west-1"), ["", "", "eu-west-1"]);
  assert.deepEqual(identities("eu-west-1"), ["", "eu-west-1", "eu-west-1"]);
  assert.deepEqual(identities(""), ["", "open", "eu-west-1"]);
});

test("a Config cannot be changed", () => {
  const config = load(MINIMAL);
  assert.throws(() => Object.assign(config, { autonomy: "observe" }), TypeError);
  assert.throws(() => Object.assign(config.limits, { maxConcurrentRuns: 100 }), TypeError);
});

describe("authentication", () => {
  test("without any the service does not start", () => {
    assert.deepEqual(faultsOf("version: 1\n"), [
      "stanch.yaml:1:1 sources: no source has credentials, so no alert can come in; configure one, or start with --insecure-dev",
      "stanch.yaml:1:1 api.tokens: no API token is configured; add one, or start with --insecure-dev",
    ]);
  });

  test("unless it is told to be insecure; then every source is open", () => {
    const config = load("version: 1\n", { insecureDev: true });
    assert.deepEqual(config.sources.alertmanager, { kind: "none" });
  });

  test("a source that is not configured stays closed, and none can be left open in the file", () => {
    assert.equal(load(MINIMAL).sources.grafana, undefined);
    assert.match(faultsOf(MINIMAL.replace("bearer", "none")).join("\n"), /sources.alertmanager/);
  });
});
