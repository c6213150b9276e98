import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { type SlackDouble, startSlack } from "../support/slack.ts";
import { cli, type Ran } from "./support.ts";

type Finding = { area: string; what: string; ok: boolean; remedy?: string; note?: string };

let redis: TestRedis;
let slack: SlackDouble;
let systems: Server;
let dir: string;
before(async () => {
  [redis, slack] = await Promise.all([startRedis(), startSlack()]);
  systems = createServer((request, response) => {
    const vector = { status: "success", data: { resultType: "vector", result: [{ metric: {}, value: [1, "1"] }] } };
    const answers: Readonly<Record<string, unknown>> = {
      "/api/v1/query": vector,
      "/api/v2/alerts": [],
      "/settings": {},
    };
    response.end(JSON.stringify(answers[request.url?.split("?")[0] ?? ""] ?? "not here"));
  });
  await new Promise<void>((resolve) => systems.listen(0, "127.0.0.1", resolve));
  dir = mkdtempSync(join(tmpdir(), "stanch-doctor-"));
  mkdirSync(join(dir, "playbooks"));
});
after(async () => {
  systems.close();
  await Promise.all([redis.stop(), slack.stop()]);
  rmSync(dir, { recursive: true, force: true });
});

const place = () => `http://127.0.0.1:${(systems.address() as AddressInfo).port}`;

/** `doctor` on a configuration whose connections lead to `url`, and to the Redis of the test. */
async function doctor(
  url: string,
  env: Readonly<Record<string, string>> = {},
  args: string[] = [],
  more = "",
): Promise<Ran> {
  const file = join(dir, "stanch.yaml");
  writeFileSync(
    file,
    `version: 1
slack: { channel: "#platform-alerts" }
connections:
  prometheus: { main: { url: "${url}" } }
  alertmanager: { main: { url: "${url}" } }
  http: { gateway: { base-url: "${url}", allow-private: true } }
  redis: { router: { url: "redis://:hunter2-hunter2@127.0.0.1:9" } }
  pagerduty: { platform: { routing-key: "0123456789abcdef0123456789abcdef" } }
  settings: { gateway: { kind: http, http: gateway, path: /settings, allow: { FALLBACK: { type: boolean } } } }
${more}
`,
  );
  const common = { STANCH_CONFIG: file, STANCH_PLAYBOOKS: join(dir, "playbooks"), REDIS_URL: redis.url };
  return cli(["doctor", "--insecure-dev", ...args], { env: { ...common, ...env } });
}

const slackEnv = () => ({
  SLACK_BOT_TOKEN: "xoxb-test",
  SLACK_SIGNING_SECRET: "signing-secret",
  SLACK_API_URL: slack.apiUrl,
});

describe("stanch doctor", () => {
  test("says of each thing whether it is as it should be, and what to do; exit code 1 with findings", async () => {
    const { code, out, err } = await doctor(place(), slackEnv());
    assert.equal(code, 1);
    assert.equal(err, "1 finding");
    const lines = out.split("\n");
    for (const fine of [
      /^ok {4}configuration: .*stanch\.yaml, 0 playbooks$/,
      /^ok {4}redis: REDIS_URL$/,
      /^ok {4}slack: bot token: admin in Emulate$/,
      /^ok {4}slack: channel #platform-alerts$/,
      /^ok {4}connection: prometheus main$/,
      /^ok {4}connection: alertmanager main$/,
      /^ok {4}connection: http gateway$/,
      /^ok {4}connection: settings gateway$/,
      /^ok {4}connection: pagerduty platform – not tried, since it would page somebody$/,
    ])
      assert.ok(
        lines.some((line) => fine.test(line)),
        `${fine} in\n${out}`,
      );
    assert.ok(
      lines.some((line) => /^fault connection: redis router – .*no connection; check that Redis runs/.test(line)),
    );
    assert.doesNotMatch(out, /hunter2|xoxb-test|0123456789abcdef/);
  });

  test("a configuration that calls people through Slack without Slack is a finding", async () => {
    const escalation = "escalation: [{ after: 0m, when: needs-person, notify: ['slack:#alerts'] }]";
    const { out } = await doctor(place(), {}, [], escalation);
    assert.match(out, /^fault slack: not used – escalation calls slack:#alerts, but SLACK_BOT_TOKEN is not set/m);
  });

  test("--json lists the same for machines, Slack not used included", async () => {
    const { code, out } = await doctor("http://127.0.0.1:9", {}, ["--json"]);
    assert.equal(code, 1);
    const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: Finding[] };
    assert.equal(ok, false);
    const faults = findings.filter((finding) => !finding.ok);
    assert.deepEqual(faults.map(({ what }) => what).sort(), [
      "alertmanager main",
      "http gateway",
      "prometheus main",
      "redis router",
      "settings gateway",
    ]);
    for (const { what, remedy } of faults) assert.match(remedy ?? "", /check|try|answer/, what);
    assert.match(findings.find(({ area }) => area === "slack")?.note ?? "", /SLACK_BOT_TOKEN is not set/);
  });

  test("a Redis that would lose alerts, one that is away and a token that Slack refuses are findings", async () => {
    const away = await doctor(place(), { REDIS_URL: "redis://127.0.0.1:9" });
    assert.match(away.out, /^fault redis: REDIS_URL – .*check REDIS_URL and that Redis runs$/m);
    const lossy = await startRedis({ appendonly: "no" });
    const lost = await doctor(place(), { REDIS_URL: lossy.url });
    const accepted = await doctor(place(), { REDIS_URL: lossy.url }, [], "redis: { accept-risk: [no-aof] }");
    await lossy.stop();
    assert.match(accepted.out, /^ok {4}redis: REDIS_URL \(accepted risk\) – .* loses every alert, run and lease$/m);
    assert.match(lost.out, /^fault redis: REDIS_URL \(fatal\) – .*append-only file.*set appendonly yes$/m);
    slack.fault = ({ method }) => (method === "auth.test" ? { error: "invalid_auth" } : undefined);
    const refused = await doctor(place(), slackEnv());
    slack.fault = () => undefined;
    assert.match(refused.out, /^fault slack: bot token – .*invalid_auth; check SLACK_BOT_TOKEN$/m);
  });

  test("faults of the configuration are told with their place", async () => {
    const file = join(dir, "bad.yaml");
    writeFileSync(file, "version: 1\nsourcess: {}\n");
    const { code, out } = await cli(["doctor", "--config", file, "--insecure-dev"], { env: { STANCH_PLAYBOOKS: dir } });
    assert.equal(code, 1);
    assert.match(out, /^fault configuration: .*bad\.yaml:2:1 sourcess – /m);
  });
});
