import { isUtf8 } from "node:buffer";
import type { Request, RequestHandler } from "express";
import type { Role } from "../core/decision.ts";
import type { Desk } from "../core/desk.ts";
import { AppError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { requestIdOf, send, sendJson } from "./answer.ts";
import { assertRole, type Identify } from "./auth.ts";
import { readBody } from "./body.ts";
import type { Call, Reply, Route } from "./route.ts";

export type ApiDeps = { desk: Desk; identify: Identify; maxBody: number; log: Log };

/** One route of the table as an Express handler: who calls, may they, and what the answer is. */
export function apiHandler(deps: ApiDeps, route: Route): RequestHandler {
  return protectedHandler(deps, route, (call) => route.handle(deps.desk, call));
}

/** A handler for callers with a token of at least this role. Changes are logged with who asked for them. */
export function protectedHandler(
  deps: Omit<ApiDeps, "desk">,
  needs: { role: Role },
  handle: (call: Call) => Promise<Reply>,
): RequestHandler {
  return async (request, response) => {
    const actor = deps.identify(request.headers);
    assertRole(actor, needs.role);
    const reply = await handle({
      actor,
      params: stringsOf(request.params),
      query: queryOf(request),
      body: () => readText(request, deps.maxBody),
    });
    if (request.method !== "GET" && request.method !== "HEAD") {
      const { method, path } = request;
      deps.log.info({ requestId: requestIdOf(request), actor: actor.name, via: actor.via, method, path }, "API call");
    }
    if ("text" in reply) send(request, response, { status: 200, body: reply.text, type: reply.type });
    else sendJson(request, response, reply.status ?? 200, reply.json);
  };
}

function stringsOf(params: Request["params"]): Record<string, string> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]));
}

function queryOf({ url }: Request): URLSearchParams {
  const mark = url.indexOf("?");
  return new URLSearchParams(mark === -1 ? "" : url.slice(mark + 1));
}

async function readText(request: Request, limit: number): Promise<string> {
  const body = await readBody(request, limit);
  if (!isUtf8(body)) throw new AppError("invalid_request", "the body is not UTF-8");
  return body.toString("utf8");
}
