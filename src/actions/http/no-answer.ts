import { errors } from "undici";
import type { FailureReason } from "../../core/action.ts";
import type { Sending } from "./send.ts";

/** Why there was no answer. `detail` says what to look at; `timeout` and `unreachable` are said of the target, all else is not. */
export type Cause = { reason: FailureReason; detail: string; retryable: boolean };

/** What the target, or the last hop before it, has done. */
const TARGET: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused; check that it runs and the connection's address",
  EHOSTUNREACH: "no route to the host",
  ECONNRESET: "the connection was reset",
  EPIPE: "the connection was closed",
  UND_ERR_SOCKET: "the connection was closed before an answer came",
};

const TIMEOUTS: readonly string[] = ["ETIMEDOUT", "UND_ERR_CONNECT_TIMEOUT"];

const NO_NAME = "check the connection's address and the name server";
/** What says something about this side only. */
const HERE: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  ENOTFOUND: ["the host name does not exist", NO_NAME],
  EAI_AGAIN: ["the host name cannot be resolved now", NO_NAME],
  ENETUNREACH: ["no route to the network (ENETUNREACH)", "check the network on this side"],
};
/** OpenSSL's and Node's codes for a certificate or a handshake that is not as it should be. */
const TLS = /CERT|TLS|SSL|CRL|^UNABLE_TO_|_CA$|PURPOSE|HOSTNAME|^EPROTO$/;

/** What `error`, or the end of the sending's signal, says of a request; `written` as in `NoAnswer`. */
export function explain(error: unknown, sending: Sending, written: boolean): Cause {
  const { signal, dispatcher, url } = sending;
  if (signal.aborted && !isTimeout(signal.reason))
    return { reason: "claim_lost", detail: "stopped by this worker before an answer came", retryable: true };
  const code = tellingOf(codesOf(error));
  if (signal.aborted || isTimeout(error) || TIMEOUTS.includes(code))
    return !written && dispatcher.isLookingUp?.(url.hostname) ? here("EAI_AGAIN") : late(sending);
  if (code === "ERR_BLOCKED_ADDRESS")
    return {
      reason: "refused",
      detail: "the address is not public; set allow-private on the connection if it is meant",
      retryable: false,
    };
  if (error instanceof errors.HTTPParserError)
    return { ...unsaid(["what came back is not HTTP", "check the connection's address"]), reason: "bad_response" };
  const text = TARGET[code];
  return text === undefined ? here(code) : { reason: "unreachable", detail: text, retryable: true };
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError";
}

function late({ signal, timeout }: Sending): Cause {
  const detail = signal.aborted ? "no answer within the step's time limit" : `no answer within ${timeout / 1000} s`;
  return { reason: "timeout", detail, retryable: true };
}

function here(code: string): Cause {
  const known = HERE[code];
  if (known) return unsaid(known);
  if (TLS.test(code)) return unsaid([`TLS: ${code}`, "check the certificate and the connection's address"]);
  if (code.startsWith("EAI_")) return unsaid([`the host name cannot be resolved (${code})`, NO_NAME]);
  return unsaid([`no answer could be had${code && ` (${code})`}`, "check the network and the limits on this side"]);
}

function unsaid([what, remedy]: readonly [what: string, remedy: string]): Cause {
  return {
    reason: "not_configured",
    detail: `${what}, which says nothing about the system; ${remedy}`,
    retryable: true,
  };
}

/** Of what several addresses came to: one that the target has answered for, else what kept one from being tried, else the time. */
function tellingOf(codes: readonly string[]): string {
  const said = codes.find((code) => Object.hasOwn(TARGET, code));
  return said ?? codes.find((code) => !TIMEOUTS.includes(code)) ?? codes[0] ?? "";
}

/** The codes of the error, of what caused it, and of the attempts at several addresses that fail as one AggregateError. */
function codesOf(error: unknown, depth = 0): readonly string[] {
  if (typeof error !== "object" || error === null || depth > 4) return [];
  const own = "code" in error && typeof error.code === "string" ? [error.code] : [];
  const tried = error instanceof AggregateError ? error.errors : [];
  const within = "cause" in error ? [...tried, error.cause] : tried;
  return [...own, ...within.flatMap((one) => codesOf(one, depth + 1))];
}
