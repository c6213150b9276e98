import type { IncomingMessage, ServerResponse } from "node:http";
import type { Log } from "../core/log.ts";
import { ClientGone } from "./body.ts";
import { errorAnswer } from "./errors.ts";

const JSON_TYPE = "application/json; charset=utf-8";
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** On every answer of ours. Nothing here is a page, so a browser may do nothing with it. */
export const SECURITY_HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

/** A whole answer; its type is JSON unless told otherwise. */
export type Answer = { status: number; body: string; type?: string; headers?: Readonly<Record<string, string>> };

let served = 0;

/** The caller's `x-request-id`, or one of our own; asked again for the same request, it is the same. */
export function requestIdOf(request: IncomingMessage): string {
  const sent = request.headers["x-request-id"];
  if (typeof sent === "string" && REQUEST_ID.test(sent)) return sent;
  served += 1;
  const id = `${process.pid.toString(36)}-${served.toString(36)}`;
  request.headers["x-request-id"] = id;
  return id;
}

/** Writes the whole answer at once. Nothing happens when the client has gone. */
export function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(answer.status, {
    ...SECURITY_HEADERS,
    "content-type": answer.type ?? JSON_TYPE,
    "content-length": Buffer.byteLength(answer.body),
    "x-request-id": requestIdOf(request),
    ...answer.headers,
  });
  response.end(answer.body);
}

/** `send` for JSON, which nearly everything is. */
export function sendJson(request: IncomingMessage, response: ServerResponse, status: number, json: unknown): void {
  send(request, response, { status, body: JSON.stringify(json) });
}

/**
 * The answer to anything thrown. A bug is logged with its stack; a body that was too large ends the connection, since the rest of
 * it may still be on its way.
 */
export function sendError(log: Log, request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
  if (thrown instanceof ClientGone) return;
  const { status, headers, body } = errorAnswer(thrown);
  if (status === 500) log.error({ err: thrown, requestId: requestIdOf(request) }, "request failed");
  const closing = status === 413 ? { connection: "close" } : {};
  send(request, response, { status, body: JSON.stringify(body), headers: { ...headers, ...closing } });
}
