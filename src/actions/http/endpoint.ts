import type { ActionContext, ActionFailure } from "../../core/action.ts";
import type { Connection } from "../../core/connection.ts";
import type { Milliseconds } from "../../core/time.ts";
import { failure, quote, scrub, statusFailure } from "../failure.ts";
import { guardedAgent, openAgent, type Way } from "./guard.ts";
import { type Answer, type NoAnswer, send } from "./send.ts";

/** Bytes of a body that are read unless a call needs more. */
export const BODY_LIMIT = 64 * 1024;

/** A target reached over HTTP: where it is, what is sent with each request, and how it is connected to. */
export type Endpoint = {
  /** The connection's name, for messages. */
  name: string;
  base: URL;
  headers: Readonly<Record<string, string>>;
  /** What else must not turn up in messages. */
  secrets?: readonly string[];
  dispatcher: Way;
};

/** One call. `act` opens every message: `resetting the breakers of router`. `mutating` calls pass the fence. */
export type Call = {
  act: string;
  method: string;
  /** From the root of the endpoint, query included. */
  path: string;
  headers?: Readonly<Record<string, string>>;
  body?: string;
  timeout: Milliseconds;
  mutating: boolean;
  limit?: number;
};

/** The endpoint of an `http` connection: guarded against private addresses unless the connection allows them. */
export function httpEndpoint(connection: Connection<"http">): Endpoint {
  const { baseUrl, headers, allowPrivate } = connection.settings;
  const dispatcher = connection.use(
    () => (allowPrivate ? openAgent() : guardedAgent()),
    (agent) => agent.destroy(),
  );
  return { name: connection.name, base: new URL(baseUrl), headers, dispatcher };
}

/** The endpoint of a connection whose address the operator wrote as one `url`. */
export function urlEndpoint(connection: Connection<"prometheus"> | Connection<"alertmanager">): Endpoint {
  const { url, headers = {} } = connection.settings;
  const dispatcher = connection.use(openAgent, (agent) => agent.destroy());
  return { name: connection.name, base: new URL(url), headers, dispatcher };
}

/**
 * Sends one request and returns its answer, whatever the status.
 * @throws what the fence throws, for mutating calls; nothing was sent then.
 */
export async function callEndpoint(
  endpoint: Endpoint,
  ctx: Pick<ActionContext, "signal" | "fence">,
  call: Call,
): Promise<{ ok: true; answer: Answer } | ActionFailure> {
  const url = within(endpoint.base, call.path);
  if (!url)
    return failure("invalid_input", `${call.act}: the path ${quote(call.path)} leaves the connection's address`);
  const sent = await send({
    dispatcher: endpoint.dispatcher,
    method: call.method,
    url,
    headers: { "user-agent": "stanch", ...credentials(endpoint), ...endpoint.headers, ...call.headers },
    ...(call.body !== undefined && { body: call.body }),
    timeout: call.timeout,
    signal: ctx.signal,
    limit: call.limit ?? BODY_LIMIT,
    ...(call.mutating && { fence: () => ctx.fence() }),
  });
  return sent.ok ? sent : noAnswer(call.act, sent, call.mutating);
}

/** A call without an answer, as the failure of `act`: a mutating call of which a byte may have left is unknown. */
export function noAnswer(act: string, none: NoAnswer, mutating: boolean): ActionFailure {
  const sent = mutating && none.written ? "unknown" : "no";
  return failure(none.reason, `${act}: ${none.detail}`, { sent, retryable: none.retryable });
}

/** An answer outside 200..299 as the failure of the call, quoting the start of what the target said. */
export function refusal(endpoint: Endpoint, call: Call, answer: Answer): ActionFailure {
  const detail = quote(answer.body.toString("utf8"), secretsOf(endpoint));
  return statusFailure(call.act, answer.status, { mutating: call.mutating, detail });
}

/** The body as text without the connection's credentials: some targets echo what they were sent. */
export function bodyText(endpoint: Endpoint, answer: Answer): string {
  return scrub(answer.body.toString("utf8"), secretsOf(endpoint));
}

/** The body as JSON; undefined when it is none. */
export function jsonOf(answer: Answer): unknown {
  try {
    return JSON.parse(answer.body.toString("utf8"));
  } catch {
    return undefined;
  }
}

function secretsOf({ base, headers, secrets = [] }: Endpoint): readonly string[] {
  const words = Object.values(headers).flatMap((value) => [value, ...value.split(/\s+/)]);
  return [...words.filter((word) => word.length >= 8), decodeURIComponent(base.password), ...secrets];
}

function credentials({ base }: Endpoint): Readonly<Record<string, string>> {
  if (base.username === "") return {};
  const pair = `${decodeURIComponent(base.username)}:${decodeURIComponent(base.password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

/** The path below the base's own path; undefined when it would lead elsewhere. */
function within(base: URL, path: string): URL | undefined {
  const root = base.pathname.replace(/\/$/, "");
  if (!path.startsWith("/") || path.includes("\\")) return undefined;
  const url = new URL(`${base.origin}${root}${path}`);
  const inside = url.origin === base.origin && (url.pathname === root || url.pathname.startsWith(`${root}/`));
  return inside ? url : undefined;
}
