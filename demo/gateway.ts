import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { createMetrics, type Metrics } from "./simulator/metrics.ts";
import {
  createProvider,
  FAILURE_REASONS,
  PROVIDER_STATES,
  type Provider,
  type ProviderState,
} from "./simulator/providers.ts";
import { createRouter } from "./simulator/router.ts";
import { createSettings, type SettingsStore } from "./simulator/settings.ts";

export type GatewayOptions = {
  port?: number;
  host?: string;
  /** Requests per second that the simulator sends to itself; 0 for none. */
  traffic?: number;
};

/** A running simulator; the parts are open so that a test in the same process can read and break them. */
export type Gateway = {
  url: string;
  port: number;
  metrics: Metrics;
  settings: SettingsStore;
  primary: Provider;
  fallback: Provider;
  close(): Promise<void>;
};

type Parts = Pick<Gateway, "metrics" | "settings" | "primary" | "fallback"> & ReturnType<typeof createRouter>;
type Reply = { status: number; body: unknown; headers?: Readonly<Record<string, string>> };
type Handler = (parts: Parts, request: IncomingMessage, body: string) => Reply | Promise<Reply>;

const MAX_BODY = 1_000_000;

const ROUTES: Readonly<Record<string, Handler>> = {
  "GET /health": () => ({ status: 200, body: { status: "ok" } }),
  "GET /metrics": ({ metrics }) => ({ status: 200, body: metrics.text() }),
  "GET /settings": ({ settings }) => ({ status: 200, body: settings.now, headers: { etag: settings.etag() } }),
  "PUT /settings": putSettings,
  "POST /v1/chat/completions": complete,
  "GET /simulator/changes": ({ settings }) => ({ status: 200, body: { items: settings.changes } }),
  "PUT /simulator/provider": putProvider,
};

/** Starts the simulator: an LLM gateway with two providers, runtime settings, metrics and traffic of its own. */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const metrics = createMetrics();
  const settings = createSettings();
  const primary = createProvider({ name: "openai", capacity: 40, latencyMs: 15, timeoutMs: 1_000 });
  const fallback = createProvider({ name: "azure", capacity: 1_000, latencyMs: 25, timeoutMs: 1_000 });
  for (const { name } of [primary, fallback]) announce(metrics, name);
  const router = createRouter({ settings, metrics, primary, fallback });
  const parts: Parts = { metrics, settings, primary, fallback, ...router };
  const server = createServer((request, response) => void answer(parts, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, options.host ?? "127.0.0.1", resolve);
  });
  const stopTraffic = startTraffic(router.complete, options.traffic ?? 50);
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    stopTraffic();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { url: `http://127.0.0.1:${port}`, port, metrics, settings, primary, fallback, close };
}

/** Every series of a provider from the start, at 0: a counter that appears later makes Prometheus' rates wrong. */
function announce(metrics: Metrics, provider: string): void {
  metrics.add("router_requests_total", { provider }, 0);
  for (const reason of FAILURE_REASONS) metrics.add("router_errors_total", { provider, reason }, 0);
}

function startTraffic(complete: () => Promise<unknown>, perSecond: number): () => void {
  if (perSecond <= 0) return () => {};
  const timer = setInterval(() => void complete(), 1000 / perSecond);
  return () => clearInterval(timer);
}

async function answer(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const handler = ROUTES[`${request.method} ${new URL(request.url ?? "/", "http://gateway").pathname}`];
  const body = await read(request);
  const reply =
    body === undefined
      ? { status: 413, body: { error: "the body is too large" } }
      : handler === undefined
        ? { status: 404, body: { error: "no such route" } }
        : await handler(parts, request, body);
  const plain = typeof reply.body === "string";
  response.writeHead(reply.status, {
    "content-type": plain ? "text/plain; version=0.0.4" : "application/json",
    ...reply.headers,
  });
  response.end(plain ? reply.body : JSON.stringify(reply.body));
}

async function read(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY) chunks.push(chunk);
  }
  return size <= MAX_BODY ? Buffer.concat(chunks).toString("utf8") : undefined;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function putSettings({ settings }: Parts, request: IncomingMessage, body: string): Reply {
  const key = request.headers["idempotency-key"];
  const stored = settings.put(json(body), request.headers["if-match"], typeof key === "string" ? key : undefined);
  if (stored.status !== 200) return { status: stored.status, body: { error: stored.message } };
  return { status: 200, body: settings.now, headers: { etag: settings.etag() } };
}

async function complete(parts: Parts): Promise<Reply> {
  const result = await parts.complete();
  if (result.status !== 200) return { status: result.status, body: { error: result.error } };
  const message = { role: "assistant", content: "pong" };
  return { status: 200, body: { model: "gpt-4-turbo", provider: result.provider, choices: [{ message }] } };
}

/** The control endpoint: `{"provider":"openai","state":"failing"}`. */
function putProvider(parts: Parts, _request: IncomingMessage, body: string): Reply {
  const { provider: name, state } = (json(body) ?? {}) as { provider?: unknown; state?: unknown };
  const provider = [parts.primary, parts.fallback].find((candidate) => candidate.name === name);
  if (provider === undefined) return { status: 404, body: { error: `no provider ${String(name)}` } };
  const wanted = PROVIDER_STATES.find((candidate): candidate is ProviderState => candidate === state);
  if (wanted === undefined) return { status: 422, body: { error: `state is one of ${PROVIDER_STATES.join(", ")}` } };
  provider.state = wanted;
  return { status: 200, body: { provider: provider.name, state: provider.state } };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "8090" },
      host: { type: "string", default: "127.0.0.1" },
      traffic: { type: "string", default: "50" },
    },
  });
  const gateway = await startGateway({
    port: Number(values.port),
    host: values.host,
    traffic: Number(values.traffic),
  });
  process.stdout.write(`LLM gateway simulator: ${gateway.url}\n`);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void gateway.close());
}

if (import.meta.main) await main();
