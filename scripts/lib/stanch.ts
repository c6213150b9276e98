import { resolve } from "node:path";
import { answers, type Running, startProcess, waitFor } from "./processes.ts";

const MAIN = resolve(import.meta.dirname, "../../src/main.ts");

/** A `stanch serve` process of our own and a client of its API. */
export type Stanch = {
  url: string;
  process: Running;
  get<T>(path: string): Promise<T>;
  post(path: string, body: object): Promise<{ status: number; text: string }>;
};

export type StanchOptions = {
  port: number;
  /** Working directory: the embedded Redis keeps its files in `.stanch/` there. */
  dir: string;
  config: string;
  playbooks: string;
  apiToken: string;
  role?: "all" | "web" | "worker";
  /** Variables that the configuration reads, and any of stanch's own. Nothing else is inherited but PATH and HOME. */
  env: Readonly<Record<string, string>>;
};

/** Starts stanch with Node's own binary and waits until it is ready. @throws Error with its output when it is not. */
export async function startStanch(options: StanchOptions): Promise<Stanch> {
  const url = `http://127.0.0.1:${options.port}`;
  const args = ["serve", "--host", "127.0.0.1", "--role", options.role ?? "all"];
  const env = {
    PATH: process.env["PATH"],
    HOME: options.dir,
    PORT: String(options.port),
    STANCH_CONFIG: options.config,
    STANCH_PLAYBOOKS: options.playbooks,
    STANCH_API_TOKEN: options.apiToken,
    LOG_LEVEL: "info",
    ...options.env,
  };
  const running = await startProcess("stanch", [process.execPath, "--max-semi-space-size=8", MAIN, ...args], {
    cwd: options.dir,
    env,
  });
  try {
    await waitFor("stanch to be ready", () => answers(`${url}/-/ready`), { within: 60_000, needs: [running] });
  } catch (error) {
    await running.stop();
    throw error instanceof Error ? new Error(`${error.message}\n${running.output()}`, { cause: error }) : error;
  }
  const headers = { authorization: `Bearer ${options.apiToken}`, "content-type": "application/json" };
  return {
    url,
    process: running,
    async get<T>(path: string) {
      const response = await fetch(`${url}/api/v1${path}`, { headers, signal: AbortSignal.timeout(5_000) });
      if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as T;
    },
    async post(path, body) {
      const init = { method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(5_000) };
      const response = await fetch(`${url}/api/v1${path}`, init);
      return { status: response.status, text: await response.text() };
    },
  };
}
