import type { IncomingMessage as Incoming, Server, ServerOptions } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import type { ApiToken } from "../core/config.ts";
import type { Desk } from "../core/desk.ts";
import { AppError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Metrics } from "../core/metrics.ts";
import type { Milliseconds } from "../core/time.ts";
import { sendError } from "./answer.ts";
import { apiHandler } from "./api.ts";
import { assertNoForeignPage, createIdentify } from "./auth.ts";
import type { Admit } from "./large-bodies.ts";
import { type Exposition, type Health, mountHealth, mountOperations, type Reloaded } from "./operations.ts";
import { apiRoutes } from "./routes/index.ts";
import { type Accept, webhookHandler } from "./webhooks.ts";

/**
 * Asked for in this way because `import` reads every export of a built-in module; one of `node:http` is a getter that loads all
 * of Node's own fetch, which takes 13 MB and is not used here.
 */
const { createServer, IncomingMessage, ServerResponse } = process.getBuiltinModule("node:http");

/** How long a client may take: for the headers, for the whole request, and idle between two requests. */
export type Timeouts = { headers: Milliseconds; request: Milliseconds; keepAlive: Milliseconds; check: Milliseconds };

/** `keepAlive` is above the 60 s of common load balancers, so that they, not we, close idle connections. */
const TIMEOUTS: Timeouts = { headers: 10_000, request: 30_000, keepAlive: 65_000, check: 1000 };
const MOST_CONNECTIONS = 10_000;
const SWEEP_EVERY: Milliseconds = 20;

export type HttpOptions = {
  accept: Accept;
  admit?: Admit;
  desk: Desk;
  tokens: readonly ApiToken[];
  /** --insecure-dev: no token is needed. */
  insecure?: boolean;
  metrics: Pick<Metrics, "rejected"> & { expose(): Promise<Exposition> };
  health: Health;
  /** A worker only tells how it is: no webhooks, no API, no reload. */
  onlyHealth?: boolean;
  /** Bolt's receiver: an Express router that answers `/slack/events`. It reads its own body, so it stands before everything that would. */
  slackReceiver?: RequestHandler;
  reload(): Promise<Reloaded>;
  /** Bytes of one body. */
  maxBody: number;
  log: Log;
  timeouts?: Partial<Timeouts>;
};

/** `close` lets requests under way finish for `grace`, then cuts them off. */
export type Http = {
  app: Express;
  listen(port: number, host: string): Promise<{ port: number }>;
  close(grace: Milliseconds): Promise<void>;
};

/** The web side of stanch: webhooks, API, Slack's events, health and metrics. It listens only when told to. */
export function createHttp(options: HttpOptions): Http {
  const app = createExpress(options);
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const server = createServer({ connectionsCheckingInterval: timeouts.check, ...messagesOf(app) }, app);
  server.headersTimeout = timeouts.headers;
  server.requestTimeout = timeouts.request;
  server.keepAliveTimeout = timeouts.keepAlive;
  server.maxConnections = MOST_CONNECTIONS;
  return { app, listen: (port, host) => listen(server, port, host), close: (grace) => close(server, grace) };
}

/**
 * Express gives every request and response another prototype, after which V8 treats each of them as one of a kind. Where they are
 * born with the one that Express gives them, that changes nothing; Node takes only classes for it.
 */
function messagesOf(app: Express): Pick<ServerOptions, "IncomingMessage" | "ServerResponse"> {
  class Request extends IncomingMessage {}
  class Response<Sent extends Incoming = Incoming> extends ServerResponse<Sent> {}
  app.request = Object.setPrototypeOf(Request.prototype, app.request);
  app.response = Object.setPrototypeOf(Response.prototype, app.response);
  return { IncomingMessage: Request, ServerResponse: Response };
}

function createExpress(options: HttpOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", false);
  app.set("case sensitive routing", true);
  if (options.onlyHealth === true) mountHealth(app, options);
  else mountAll(app, options);
  app.use(() => {
    throw new AppError("not_found", "there is no such route; docs/api.md lists them");
  });
  app.use(errorHandler(options.log));
  return app;
}

function mountAll(app: Express, options: HttpOptions): void {
  if (options.insecure === true) app.use(onlyOwnPages);
  app.post("/webhooks/:source", webhookHandler(options));
  if (options.slackReceiver !== undefined) app.use(options.slackReceiver);
  const deps = { ...options, identify: createIdentify(options.tokens, options.insecure ?? false) };
  for (const route of apiRoutes) app[route.method](`/api/v1${route.path}`, apiHandler(deps, route));
  mountOperations(app, deps);
}

const onlyOwnPages: RequestHandler = (request, _response, next) => {
  assertNoForeignPage(request.headers);
  next();
};

/** Express tells an error handler by its four parameters. */
function errorHandler(log: Log): ErrorRequestHandler {
  return (error, request, response, _next) => sendError(log, request, response, error);
}

function listen(server: Server, port: number, host: string): Promise<{ port: number }> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const message = `listening on ${host}:${port}: ${cause.message}; choose another PORT or stop what has it`;
      reject(new AppError("unavailable", message, { cause }));
    });
    server.listen(port, host, () => resolve({ port: (server.address() as AddressInfo).port }));
  });
}

function close(server: Server, grace: Milliseconds): Promise<void> {
  return new Promise((resolve) => {
    const cutOff = setTimeout(() => server.closeAllConnections(), grace);
    // A connection that answers its last request now would otherwise be kept alive until the grace is over.
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_EVERY);
    server.close(() => {
      clearTimeout(cutOff);
      clearInterval(sweep);
      resolve();
    });
  });
}
