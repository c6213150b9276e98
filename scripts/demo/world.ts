import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Gateway, startGateway } from "../../demo/gateway.ts";
import { hasMonitoring, startMonitoring } from "../lib/monitoring.ts";
import { freePort } from "../lib/processes.ts";
import { type Stanch, startStanch } from "../lib/stanch.ts";
import { startStandIn } from "./stand-in.ts";
import type { Terminal } from "./terminal.ts";

const DEMO = resolve(import.meta.dirname, "../../demo");

/** Everything that the demo runs. `monitoring` is undefined where the recorded notifications are played. */
export type World = {
  dir: string;
  gateway: Gateway;
  stanch: Stanch;
  prometheus: string;
  monitoring?: { alertmanager: string };
};

/** What has been started, to be stopped in reverse; also used when starting fails half-way. */
export type Stops = (() => Promise<unknown>)[];

/** `manual`: a person approves; `recorded`: no real Prometheus and Alertmanager even where they are installed. */
export type Mode = { manual: boolean; recorded: boolean };

/**
 * Starts the gateway simulator, Prometheus and Alertmanager (or their stand-in) and stanch, all on free ports of 127.0.0.1,
 * with all files in a new temporary folder. Pushes onto `stops` how to end each. @throws Error when one does not start.
 */
export async function startWorld(stops: Stops, terminal: Terminal, mode: Mode): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), "stanch-demo-"));
  stops.push(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
  const gateway = await startGateway({ traffic: 50 });
  stops.push(() => gateway.close());
  terminal.line(`gateway simulator   ${gateway.url}  50 requests/s, provider openai, fallback azure not enabled`);

  const port = await freePort();
  const token = randomBytes(16).toString("hex");
  const target = { gateway, dir, webhook: `http://127.0.0.1:${port}/webhooks/alertmanager`, token };
  const watch = hasMonitoring() && !mode.recorded ? real : standIn;
  const monitoring = await watch(stops, terminal, target);

  const apiToken = randomBytes(16).toString("hex");
  const stanch = await startStanch({
    port,
    dir,
    config: join(DEMO, "stanch.yaml"),
    playbooks: join(DEMO, "playbooks"),
    apiToken,
    env: {
      ALERTMANAGER_TOKEN: token,
      PROMETHEUS_URL: monitoring.prometheus,
      GATEWAY_URL: gateway.url,
      DEMO_AUTONOMY: mode.manual ? "approve" : "auto",
    },
  });
  stops.push(() => stanch.process.stop());
  await writeFile(join(dir, "api-token"), apiToken, { mode: 0o600 });
  terminal.line(`stanch              ${stanch.url}  on its own embedded Redis`);
  return { dir, gateway, stanch, ...monitoring };
}

type Target = { gateway: Gateway; dir: string; webhook: string; token: string };
type Watching = Pick<World, "prometheus" | "monitoring">;

async function real(stops: Stops, terminal: Terminal, { gateway, dir, ...hook }: Target): Promise<Watching> {
  const address = `127.0.0.1:${gateway.port}`;
  const started = await startMonitoring({ dir: join(dir, "monitoring"), templates: DEMO, gateway: address, ...hook });
  for (const process of started.processes) stops.push(() => process.stop());
  terminal.line(`Prometheus          ${started.prometheus}  the real one, with the rule of demo/rules.yml`);
  terminal.line(`Alertmanager        ${started.alertmanager}  the real one`);
  return { prometheus: started.prometheus, monitoring: { alertmanager: started.alertmanager } };
}

async function standIn(stops: Stops, terminal: Terminal, { gateway, webhook, token }: Target): Promise<Watching> {
  const recorded = join(DEMO, "recorded");
  const started = await startStandIn({ metrics: gateway.metrics, recorded, webhook, token });
  stops.push(() => started.close());
  terminal.line("recorded Alertmanager notifications are played instead of a real Prometheus and Alertmanager,");
  terminal.detail(
    "and a stand-in answers queries. For the real ones: apt-get install -y prometheus prometheus-alertmanager",
  );
  return { prometheus: started.prometheus };
}
