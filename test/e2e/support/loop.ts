import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Gateway, startGateway } from "../../../demo/gateway.ts";
import { startMonitoring } from "../../../scripts/lib/monitoring.ts";
import { freePort } from "../../../scripts/lib/processes.ts";
import { type Stanch, startStanch } from "../../../scripts/lib/stanch.ts";
import { startRedis } from "../../support/redis.ts";
import { type Slack, startSlack } from "./slack.ts";

const ROOT = resolve(import.meta.dirname, "../../..");

export const SIGNING_SECRET = "e2e-signing-secret";

/** The whole loop: simulator -> Prometheus -> Alertmanager -> stanch (with Redis and Slack) -> simulator. */
export type Loop = {
  gateway: Gateway;
  stanch: Stanch;
  slack: Slack;
  /** Raw bodies that Alertmanager sent, oldest first. */
  notifications: readonly string[];
  /** Sends a body to stanch's webhook as Alertmanager does. */
  notify(body: string): Promise<{ status: number; body: { accepted: number; unchanged: number } }>;
  stop(): Promise<void>;
};

/** Starts everything on free ports. What was started is stopped again when a later part does not start. */
export async function startLoop(): Promise<Loop> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    return { ...(await start(stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(stops: (() => Promise<unknown>)[]): Promise<Omit<Loop, "stop">> {
  const dir = await mkdtemp(join(tmpdir(), "stanch-e2e-"));
  stops.push(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
  const [gateway, slack, sink, redis] = await Promise.all([startGateway(), startSlack(), startSink(), startRedis()]);
  stops.push(gateway.close, slack.close, sink.close, redis.stop);

  const templates = join(dir, "templates");
  await mkdir(templates);
  for (const file of ["prometheus.yml", "rules.yml"]) await copyFile(join(ROOT, "demo", file), join(templates, file));
  await copyFile(join(ROOT, "test/e2e/fixtures/alertmanager.yml"), join(templates, "alertmanager.yml"));
  const port = await freePort();
  const webhook = `http://127.0.0.1:${port}/webhooks/alertmanager`;
  const token = "e2e-alertmanager-token";
  const monitoring = await startMonitoring({
    dir: join(dir, "monitoring"),
    templates,
    gateway: `127.0.0.1:${gateway.port}`,
    webhook,
    token,
    values: { SINK: sink.url },
  });
  for (const process of monitoring.processes) stops.push(() => process.stop());

  const stanch = await startStanch({
    port,
    dir,
    config: join(ROOT, "test/e2e/fixtures/stanch.yaml"),
    playbooks: join(ROOT, "demo/playbooks"),
    apiToken: "e2e-api-token",
    env: {
      REDIS_URL: redis.url,
      ALERTMANAGER_TOKEN: token,
      PROMETHEUS_URL: monitoring.prometheus,
      GATEWAY_URL: gateway.url,
      SLACK_BOT_TOKEN: "xoxb-e2e",
      SLACK_SIGNING_SECRET: SIGNING_SECRET,
      SLACK_API_URL: slack.apiUrl,
    },
  });
  stops.push(() => stanch.process.stop());
  const notify = async (body: string) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const response = await fetch(webhook, { method: "POST", headers, body });
    return { status: response.status, body: (await response.json()) as { accepted: number; unchanged: number } };
  };
  return { gateway, stanch, slack, notifications: sink.bodies, notify };
}

async function startSink(): Promise<{ url: string; bodies: string[]; close(): Promise<void> }> {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    bodies.push(body);
    response.writeHead(200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, bodies, close };
}
