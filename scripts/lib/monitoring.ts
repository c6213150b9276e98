import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ALERTMANAGER, findProgram, PROMETHEUS } from "./packages.ts";
import { answers, freePort, type Running, startProcess, waitFor } from "./processes.ts";

/** A real Prometheus and a real Alertmanager that scrape `gateway` (host:port) and notify `webhook`. */
export type Monitoring = { prometheus: string; alertmanager: string; processes: readonly Running[] };

export type MonitoringOptions = {
  /** Where data and rendered configuration go; created. */
  dir: string;
  /** Folder of `prometheus.yml`, `alertmanager.yml` and `rules.yml`, with `__NAME__` in place of addresses. */
  templates: string;
  /** `host:port` of the scraped simulator. */
  gateway: string;
  /** Full URL of the webhook, and the bearer token that it wants. */
  webhook: string;
  token: string;
  /** More values for the templates. */
  values?: Readonly<Record<string, string>>;
};

/** True when both programs are installed. */
export function hasMonitoring(): boolean {
  return findProgram(PROMETHEUS) !== undefined && findProgram(ALERTMANAGER) !== undefined;
}

/** Starts both on free ports of 127.0.0.1 and waits until they are ready. @throws Error with their output when they are not. */
export async function startMonitoring(options: MonitoringOptions): Promise<Monitoring> {
  const prometheus = `127.0.0.1:${await freePort()}`;
  const alertmanager = `127.0.0.1:${await freePort()}`;
  const values = {
    GATEWAY: options.gateway,
    ALERTMANAGER: alertmanager,
    WEBHOOK: options.webhook,
    TOKEN: options.token,
    ...options.values,
  };
  await mkdir(options.dir, { recursive: true });
  for (const file of ["prometheus.yml", "alertmanager.yml", "rules.yml"]) {
    const template = await readFile(join(options.templates, file), "utf8");
    await writeFile(join(options.dir, file), fill(template, values), { mode: 0o600 });
  }
  const processes = [
    await startAlertmanager(options.dir, alertmanager),
    await startPrometheus(options.dir, prometheus),
  ];
  const ready = (address: string) => () => answers(`http://${address}/-/ready`);
  await waitFor("Alertmanager", ready(alertmanager), { within: 60_000, needs: processes });
  await waitFor("Prometheus", ready(prometheus), { within: 60_000, needs: processes });
  return { prometheus: `http://${prometheus}`, alertmanager: `http://${alertmanager}`, processes };
}

/** Puts values in place of `__NAME__`. @throws Error when a name has no value: a half-filled file is worse than none. */
export function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/__([A-Z_]+?)__/g, (_whole, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`the template names __${name}__, which has no value`);
    return value;
  });
}

function startAlertmanager(dir: string, address: string): Promise<Running> {
  return startProcess("Alertmanager", [
    findProgram(ALERTMANAGER) ?? "alertmanager",
    `--config.file=${join(dir, "alertmanager.yml")}`,
    `--storage.path=${join(dir, "alertmanager")}`,
    `--web.listen-address=${address}`,
    "--cluster.listen-address=",
  ]);
}

function startPrometheus(dir: string, address: string): Promise<Running> {
  return startProcess("Prometheus", [
    findProgram(PROMETHEUS) ?? "prometheus",
    `--config.file=${join(dir, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(dir, "prometheus")}`,
    `--web.listen-address=${address}`,
    "--log.level=warn",
  ]);
}
