import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Gateway, startGateway } from "../../demo/gateway.ts";
import { startStandIn } from "../../scripts/demo/stand-in.ts";
import type { ApiIncident, ApiRun, Items } from "../../scripts/lib/api.ts";
import { freePort, waitFor } from "../../scripts/lib/processes.ts";
import { type Stanch, startStanch } from "../../scripts/lib/stanch.ts";
import { startRedis } from "../support/redis.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const TOKEN = "roles-alertmanager-token";
const API_TOKEN = "roles-api-token";

/** The topology of docker-compose.yml with its own configuration: web and workers apart, one Redis. */
describe("web and workers as processes of their own", () => {
  const stops: (() => Promise<unknown>)[] = [];
  let gateway: Gateway;
  let web: Stanch;
  let workers: Stanch[];

  before(async () => {
    const dir = await mkdtemp(join(tmpdir(), "stanch-roles-"));
    stops.push(() => rm(dir, { recursive: true, force: true }));
    gateway = await startGateway();
    const redis = await startRedis({ appendfsync: "always" });
    stops.push(gateway.close, redis.stop);
    const port = await freePort();
    const webhook = `http://127.0.0.1:${port}/webhooks/alertmanager`;
    const recorded = join(ROOT, "demo/recorded");
    const standIn = await startStandIn({ metrics: gateway.metrics, recorded, webhook, token: TOKEN });
    stops.push(() => standIn.close());
    const config = join(dir, "stanch.yaml");
    await writeFile(config, await composeConfig(dir, standIn.prometheus, gateway.url));
    const start = async (role: "web" | "worker", at: number) => {
      const playbooks = join(ROOT, "demo/playbooks");
      const env = { REDIS_URL: redis.url };
      const stanch = await startStanch({ port: at, dir, config, playbooks, apiToken: API_TOKEN, role, env });
      stops.push(() => stanch.process.stop());
      return stanch;
    };
    web = await start("web", port);
    workers = [await start("worker", await freePort()), await start("worker", await freePort())];
  });
  after(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  it("exposes every metric that the shipped alert rules and dashboard use", async () => {
    const pages = await Promise.all([web, ...workers].map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
    const used = (await readFile(join(ROOT, "deploy/prometheus/stanch.rules.yml"), "utf8")).concat(
      await readFile(join(ROOT, "deploy/grafana/stanch.json"), "utf8"),
    );
    for (const name of new Set(used.match(/\bstanch_[a-z_]+/g))) {
      assert.ok(
        pages.some((page) => page.includes(`# TYPE ${name.replace(/_bucket$/, "")} `)),
        name,
      );
    }
  });

  it("closes the incident although the worker that acted is killed at once, and acts only once", async () => {
    gateway.primary.state = "failing";
    await waitFor("the effect", () => gateway.settings.now.FALLBACK_ENABLED, { within: 60_000, every: 5 });
    await workers[0]?.process.stop("SIGKILL");
    const run = await waitFor(
      "the run to succeed",
      async () => {
        const { items } = await web.get<Items<ApiRun>>("/runs");
        return items.find((candidate) => candidate.endedAt !== null);
      },
      { within: 200_000, every: 500 },
    );
    assert.equal(run.state.kind, "succeeded", run.sentence);
    const closed = async () => (await web.get<Items<ApiIncident>>("/incidents")).items[0]?.status === "resolved";
    await waitFor("the incident to close", closed, { within: 60_000 });
    assert.equal(gateway.settings.changes.length, 1);
  });
});

/** deploy/compose/stanch.yaml with the addresses and secret files of this test in place of those of the containers. */
async function composeConfig(dir: string, prometheus: string, gatewayUrl: string): Promise<string> {
  await writeFile(join(dir, "alertmanager_token"), `${TOKEN}\n`, { mode: 0o600 });
  await writeFile(join(dir, "api_token"), `${API_TOKEN}\n`, { mode: 0o600 });
  const text = await readFile(join(ROOT, "deploy/compose/stanch.yaml"), "utf8");
  const config = text
    .replaceAll("/run/secrets", dir)
    .replace("http://prometheus:9090", prometheus)
    .replace("http://gateway:8090", gatewayUrl);
  assert.doesNotMatch(config, /\/run\/secrets|prometheus:9090|gateway:8090/);
  return config;
}
