import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Running, startProcess, waitFor } from "../../../scripts/lib/processes.ts";
import type { Faults } from "./faults.ts";
import { type House, TOKEN } from "./house.ts";

/** A stanch process that listens. */
export type Worker = { url: string; process: Running };

const HEADERS = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
const START_WITHIN = 60_000;

/** Starts a worker and waits for its port; its clock may be some minutes off. */
export async function startWorker(house: House, faults: Faults = {}): Promise<Worker> {
  const { skew } = faults;
  const env = { ...house.environment, FAULTS: JSON.stringify(faults), SKEW_MINUTES: String(skew ?? 0) };
  const before = skew === undefined ? [] : ["--import", join(import.meta.dirname, "skew.ts")];
  const command = [process.execPath, ...before, join(import.meta.dirname, "../worker.ts")] as const;
  const running = await startProcess("worker", command, { cwd: house.directory, env });
  const look = (): string | undefined => /^(\d+)$/m.exec(running.output())?.[1];
  const port = await waitFor("a worker's port", look, { within: START_WITHIN, every: 50, needs: [running] });
  return { url: `http://127.0.0.1:${port}`, process: running };
}

/** Waits until the process is gone; the signal or code that ended it. */
export function ended(worker: Worker, within = 60_000): Promise<string | number> {
  return waitFor("the worker to end", () => worker.process.ended() ?? false, { within, every: 20 }).catch((cause) => {
    throw new Error(`the worker did not end:\n${worker.process.output()}`, { cause });
  });
}

export type Post = { status?: "firing" | "resolved"; service?: string };

/** A real body of Alertmanager with one alert. The status of the answer. */
export async function post(
  { url }: Pick<Worker, "url">,
  { status = "firing", service = "litellm" }: Post = {},
): Promise<number> {
  const alert = {
    status,
    labels: { alertname: "Down", service },
    annotations: {},
    startsAt: new Date(Date.now() - 60_000).toISOString(),
    endsAt: status === "firing" ? "0001-01-01T00:00:00Z" : new Date().toISOString(),
  };
  const body = { version: "4", groupKey: `{}:{service="${service}"}`, truncatedAlerts: 0, status, alerts: [alert] };
  const init = { method: "POST", headers: HEADERS, body: JSON.stringify(body), signal: AbortSignal.timeout(10_000) };
  const response = await fetch(`${url}/webhooks/alertmanager`, init);
  await response.arrayBuffer();
  return response.status;
}

/** One call of the API. @throws Error when it does not answer 2xx. */
export async function ask<T>({ url }: Pick<Worker, "url">, path: string, body?: object): Promise<T> {
  const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(`${url}/api/v1${path}`, {
    ...sent,
    headers: HEADERS,
    signal: AbortSignal.timeout(5_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return JSON.parse(text) as T;
}

/** Whether the kernel holds the process stopped (Linux). */
export function isFrozen({ process: { pid } }: Worker): boolean {
  return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

/** Lets a frozen worker go on, and gives it the time to do whatever it was about to do. */
export async function thaw(worker: Worker): Promise<void> {
  process.kill(worker.process.pid, "SIGCONT");
  await waitFor("the worker to answer again", () => fetch(`${worker.url}/-/healthy`).then(({ ok }) => ok), {
    within: 20_000,
  });
  await new Promise((resolve) => setTimeout(resolve, 1_500));
}
