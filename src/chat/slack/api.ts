import {
  type Logger,
  LogLevel,
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
  WebClient,
} from "@slack/web-api";
import { isPlainObject } from "../../core/json.ts";
import type { Log } from "../../core/log.ts";
import type { Milliseconds } from "../../core/time.ts";

/**
 * Why a call of the Web API gave nothing: `limited` come back after `retryAfter`; `refused` Slack said no, `code` is its word;
 * `unsent` it never reached Slack; `uncertain` it may have taken effect (a timeout, a broken connection, a server error).
 */
export type Failure = {
  ok: false;
  kind: "limited" | "refused" | "unsent" | "uncertain";
  code: string;
  retryAfter: Milliseconds;
  why: string;
};
export type Answer = { ok: true; body: Readonly<Record<string, unknown>> } | Failure;

/** Slack's Web API, one call at a time: no retries and no queue of its own, since a hidden retry posts twice. Never throws. */
export type Api = { call(method: string, args: Readonly<Record<string, unknown>>): Promise<Answer> };

/** `apiUrl` ends in `/api/` and is Slack's own when absent; `timeout` is for one call. */
export type ApiOptions = { botToken: string; apiUrl?: string; timeout?: Milliseconds; log: Log };

/** Calls that change nothing twice wait for this long; Slack's own answers come within two seconds. */
const TIMEOUT = 8_000;

/** Slack's own client without its retries, its pauses for every channel at a 429, and its exceptions. */
export function createApi({ botToken, apiUrl, timeout = TIMEOUT, log }: ApiOptions): Api {
  const client = new WebClient(botToken, {
    ...(apiUrl !== undefined && { slackApiUrl: apiUrl }),
    timeout,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logger: slackLogger(log),
  });
  return {
    async call(method, args) {
      try {
        return { ok: true, body: { ...(await client.apiCall(method, { ...args })) } };
      } catch (error) {
        return failureOf(method, error);
      }
    },
  };
}

/** Bolt's and the client's logger, over ours; their debug lines hold request bodies, so they are dropped. */
export function slackLogger(log: Log): Logger {
  const write =
    (level: "warn" | "error") =>
    (...parts: readonly unknown[]) =>
      log[level](
        { detail: parts.map((part) => (part instanceof Error ? part.message : String(part))).join(" ") },
        "slack client",
      );
  return {
    debug() {},
    info() {},
    warn: write("warn"),
    error: write("error"),
    setLevel() {},
    getLevel: () => LogLevel.WARN,
    setName() {},
  };
}

/** A member of an answer, or undefined when it is not there or not of this type. */
export function stringIn(body: unknown, ...path: readonly string[]): string | undefined {
  const value = memberOf(body, path);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The objects of a list in an answer; what is not an object is left out. */
export function listIn(body: unknown, ...path: readonly string[]): readonly Readonly<Record<string, unknown>>[] {
  const value = memberOf(body, path);
  return Array.isArray(value) ? value.filter(isPlainObject) : [];
}

/** Any member of an answer. */
export function memberOf(body: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (isPlainObject(value) ? value[key] : undefined), body);
}

function failureOf(method: string, error: unknown): Failure {
  const failed = (kind: Failure["kind"], code: string, retryAfter: Milliseconds): Failure => ({
    ok: false,
    kind,
    code,
    retryAfter,
    why: `Slack ${method}: ${ADVICE[code] ?? code}`,
  });
  if (error instanceof WebAPIRateLimitedError)
    return failed("limited", "ratelimited", Math.max(1, error.retryAfter) * 1000);
  if (error instanceof WebAPIPlatformError) return ofPlatform(error.data.error, failed);
  if (error instanceof WebAPIHTTPError) {
    return failed(error.statusCode < 500 ? "refused" : "uncertain", `HTTP ${error.statusCode}`, 5_000);
  }
  if (error instanceof WebAPIRequestError) {
    const code = transportCode(error.original);
    return failed(NEVER_SENT.has(code) ? "unsent" : "uncertain", code, 5_000);
  }
  return failed("uncertain", error instanceof Error ? error.name : "unknown", 5_000);
}

function ofPlatform(
  code: string,
  failed: (kind: Failure["kind"], code: string, retryAfter: Milliseconds) => Failure,
): Failure {
  if (code === "ratelimited" || code === "rate_limited") return failed("limited", code, 30_000);
  if (UNCERTAIN.has(code)) return failed("uncertain", code, 5_000);
  return failed("refused", /^[a-z_]{1,80}$/.test(code) ? code : "bad_response", 60_000);
}

/** Slack's words for "some part of it may have happened" and "try again". */
const UNCERTAIN: ReadonlySet<string> = new Set([
  "fatal_error",
  "internal_error",
  "request_timeout",
  "service_unavailable",
]);

const NEVER_SENT: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** undici puts the system's error under `cause`; an aborted fetch has only a name. */
function transportCode(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const own: unknown = Reflect.get(error, "code");
  if (typeof own === "string") return own;
  return error.cause instanceof Error ? transportCode(error.cause) : error.name;
}

const ADVICE: Readonly<Record<string, string>> = {
  not_in_channel: "not_in_channel; invite the app there with /invite",
  channel_not_found: "channel_not_found; name an existing channel, and invite the app if it is private",
  is_archived: "is_archived; name a channel in use",
  missing_scope: "missing_scope; install the app again with the scopes of slack-manifest.yaml",
  invalid_auth: "invalid_auth; check SLACK_BOT_TOKEN",
  not_authed: "not_authed; check SLACK_BOT_TOKEN",
  token_revoked: "token_revoked; install the app again and set the new SLACK_BOT_TOKEN",
  account_inactive: "account_inactive; install the app again and set the new SLACK_BOT_TOKEN",
  TimeoutError: "no answer in time",
};
