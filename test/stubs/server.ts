import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";

/** A request as a stub sees it. `label` is what faults are matched against: `PUT /settings`, `UpdateService`. */
export type StubRequest = { method: string; url: URL; headers: IncomingHttpHeaders; body: string; label: string };
export type StubReply = { status: number; body?: unknown; headers?: Readonly<Record<string, string>> };

/**
 * What goes wrong. `hang` never answers; `drop` closes the connection before the request is handled, `drop-after` once it has taken
 * effect; `hang-after` never answers although it has; `huge` answers 50 MB.
 */
export type Fault =
  | { kind: "hang" | "hang-after" | "drop" | "drop-after" | "garbage" | "huge" }
  | { kind: "status"; status: number; body?: unknown };

/** `on` chooses requests by label; `struck` is called when the fault has met one. */
export type FaultOptions = { on?: RegExp; times?: number; struck?: () => void };

export type PlannedFault = { fault: Fault; on: RegExp; left: number; struck: (() => void) | undefined };

/** A running stub. `requests` holds everything that reached it, control requests excepted. */
export type StubServer = {
  url: string;
  port: number;
  requests: readonly StubRequest[];
  fail(fault: Fault, options?: FaultOptions): void;
  heal(): void;
  close(): Promise<void>;
};

export type StubDefinition = {
  handle(request: StubRequest): StubReply | Promise<StubReply>;
  /** Defaults to method and path. */
  label?(request: Omit<StubRequest, "label">): string;
  /** What `GET /__stub` tells another process: effects, state. */
  report?(): object;
};

/** Starts a stub on 127.0.0.1; `/__stub` and `/__stub/fault` let another process read and break it. */
export async function startStub(definition: StubDefinition, port = 0): Promise<StubServer> {
  const requests: StubRequest[] = [];
  const faults: PlannedFault[] = [];
  const fail = (fault: Fault, { on = /./, times = Number.POSITIVE_INFINITY, struck }: FaultOptions = {}) => {
    faults.push({ fault, on, left: times, struck });
  };
  const heal = () => void faults.splice(0);
  const server = createServer((request, response) => {
    void serve(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://stub");
    const body = await textOf(request);
    if (url.pathname.startsWith("/__stub")) return control(url, body, response);
    const raw = { method: request.method ?? "", url, headers: request.headers, body };
    const received = { ...raw, label: definition.label?.(raw) ?? `${raw.method} ${url.pathname}` };
    requests.push(received);
    const fault = takeFault(faults, received.label);
    if (fault && (await misbehave(fault, response))) return;
    const reply = await definition.handle(received);
    if (fault?.kind === "drop-after") return void response.destroy();
    if (fault?.kind === "hang-after") return;
    write(response, reply);
  }

  function control(url: URL, body: string, response: ServerResponse): void {
    if (url.pathname === "/__stub/fault") {
      const { fault, on, times } = JSON.parse(body) as { fault: Fault; on?: string; times?: number };
      fail(fault, { ...(on !== undefined && { on: new RegExp(on) }), ...(times !== undefined && { times }) });
    }
    if (url.pathname === "/__stub/heal") heal();
    write(response, { status: 200, body: { requests: requests.length, ...definition.report?.() } });
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { url: `http://127.0.0.1:${address.port}`, port: address.port, requests, fail, heal, close };
}

/** The fault planned for this request, if any; it is counted off. */
export function takeFault(faults: readonly PlannedFault[], label: string): Fault | undefined {
  const planned = faults.find(({ on, left }) => left > 0 && on.test(label));
  if (planned) planned.left -= 1;
  planned?.struck?.();
  return planned?.fault;
}

/** True when the fault has answered, or never will. */
async function misbehave(fault: Fault, response: ServerResponse): Promise<boolean> {
  switch (fault.kind) {
    case "hang":
      return true;
    case "drop":
      response.destroy();
      return true;
    case "status":
      write(response, { status: fault.status, body: fault.body ?? { message: "the stub was told to" } });
      return true;
    case "garbage":
      write(response, {
        status: 200,
        body: "<html>not what was asked for</html>",
        headers: { "content-type": "text/html" },
      });
      return true;
    case "huge":
      await huge(response);
      return true;
    default:
      return false;
  }
}

async function huge(response: ServerResponse): Promise<void> {
  response.writeHead(200, { "content-type": "application/json" });
  const chunk = Buffer.alloc(1024 * 1024, "x");
  for (let sent = 0; sent < 50 && !response.destroyed; sent++) {
    if (!response.write(chunk)) await drained(response);
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once("drain", () => resolve());
    response.once("close", () => resolve());
  });
}

function write(response: ServerResponse, { status, body, headers }: StubReply): void {
  const isText = typeof body === "string";
  response.writeHead(status, { "content-type": isText ? "text/plain" : "application/json", ...headers });
  response.end(body === undefined ? undefined : isText ? body : JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** Runs a stub as a process of its own: `node test/stubs/ecs.ts --port N` prints its address and stops on SIGTERM. */
export async function runAsProcess(
  start: (port: number) => Promise<{ url: string; close(): Promise<void> }>,
): Promise<void> {
  const { values } = parseArgs({ options: { port: { type: "string", default: "0" } } });
  const stub = await start(Number(values.port));
  process.stdout.write(`${stub.url}\n`);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void stub.close());
}
