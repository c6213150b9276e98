import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type App, createApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { silentLog } from "../../src/core/log.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";

let redis: TestRedis;
let directory = "";
let port = 0;
const apps: App[] = [];
const printed: string[] = [];

/** Two whole services on one Redis and one disk, as two containers with a shared volume. */
before(async () => {
  redis = await startRedis();
  directory = await mkdtemp(join(tmpdir(), "stanch-reports-"));
  const yaml = `
version: 1
incidents: { reassess-every: 1s }
severity: [{ level: P0, when: 'true' }]
escalation: [{ after: 0m, when: needs-person, notify: ['slack:@platform-oncall'] }]
reports: { directory: ${directory}/reports, decision-log: ${directory}/DECISIONS.log, incidents-log: ${directory}/INCIDENTS.md }
`;
  await mkdir(join(directory, "playbooks"));
  await writeFile(join(directory, "stanch.yaml"), yaml);
  const environment = {
    PORT: "0",
    REDIS_URL: redis.url,
    STANCH_PLAYBOOKS: join(directory, "playbooks"),
    LOG_LEVEL: "silent",
  };
  const config = loadConfig({ file: join(directory, "stanch.yaml"), environment, insecureDev: true });
  for (const _ of [1, 2]) {
    const options = {
      insecureDev: true,
      log: silentLog,
      sweepEvery: 100,
      write: (line: string) => void printed.push(line),
    };
    const app = await createApp(config, options);
    apps.push(app);
    port = (await app.start()).port;
  }
});
after(async () => {
  await Promise.all(apps.map((app) => app.stop(1_000)));
  await redis.stop();
  await rm(directory, { recursive: true, force: true });
});

async function send(status: "firing" | "resolved"): Promise<void> {
  const startsAt = new Date(Date.now() - 120_000).toISOString();
  const endsAt = status === "firing" ? "0001-01-01T00:00:00Z" : new Date().toISOString();
  const labels = { alertname: "Down | ACTION=x\n", service: "litellm" };
  const alert = { status, labels, annotations: {}, startsAt, endsAt, generatorURL: "", fingerprint: "f1" };
  const body = JSON.stringify({ version: "4", groupKey: "g", status, receiver: "r", alerts: [alert] });
  const answer = await fetch(`http://127.0.0.1:${port}/webhooks/alertmanager`, { method: "POST", body });
  assert.equal(answer.status, 202);
}

async function eventually<T>(read: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 300; tries++) {
    const found = await read().catch(() => undefined);
    if (found !== undefined) return found;
    await sleep(25);
  }
  assert.fail("it does not come");
}

test("an incident that nobody could remedy calls people, and leaves one report, one entry and one line on disk", async () => {
  await send("firing");
  await eventually(async () => printed.find((line) => line.includes("P0: no playbook is left to try")));
  await send("resolved");
  const report = await eventually(async () =>
    (await readdir(join(directory, "reports"))).find((name) => name.endsWith(".md")),
  );
  assert.match(report, /^down-action-x-on-litellm_incident_\d{8}_\d{4}_inc-1\.md$/);
  const text = await readFile(join(directory, "reports", report), "utf8");
  assert.match(text, /\| MTTR \| 2 minutes \|/);
  await eventually(async () => printed.find((line) => line.includes("report written")));
  const log = await readFile(join(directory, "DECISIONS.log"), "utf8");
  assert.match(
    log,
    /^\S+Z \| OPERATOR=stanch \| CHAPTER=38 \| ACTION=resolve_outage \| INCIDENT=inc-1 \| CAUSE=[^|\n]+ \| MTTR=2m \| IMPACT=[^|\n]+\n$/,
  );
  assert.equal((await readFile(join(directory, "INCIDENTS.md"), "utf8")).split("\n").length, 4);
});
