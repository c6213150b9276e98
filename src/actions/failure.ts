import type { ActionFailure, FailureReason } from "../core/action.ts";
import { cutText, REDACTED, redactText } from "../core/redact.ts";

/** What is known of a mutating call that failed; reads are always `no`. */
export type Sent = ActionFailure["sent"];

/** An action's failure. Unless told otherwise nothing was sent and a retry would not help. */
export function failure(
  reason: FailureReason,
  message: string,
  known: { sent?: Sent; retryable?: boolean } = {},
): ActionFailure {
  return { ok: false, reason, message, retryable: known.retryable ?? false, sent: known.sent ?? "no" };
}

type Meaning = { reason: FailureReason; text: string };

const MEANINGS: Readonly<Record<number, Meaning>> = {
  400: { reason: "refused", text: "the request was not accepted" },
  401: { reason: "denied", text: "the credentials were refused; check those of the connection" },
  403: { reason: "denied", text: "access denied; grant the connection's credentials this call" },
  404: { reason: "not_found", text: "not found" },
  408: { reason: "timeout", text: "the target gave up waiting" },
  409: { reason: "conflict", text: "somebody else changed it meanwhile" },
  410: { reason: "not_found", text: "not there any more" },
  412: { reason: "conflict", text: "it has changed since it was read" },
  429: { reason: "throttled", text: "too many requests; try again later" },
  503: { reason: "unreachable", text: "the target is not available; try again later" },
};

/** The status codes by which a target says that it did not do it, but may when asked again. */
const DECLINED: readonly number[] = [429, 503];
/** Redirects that keep the method: the target did nothing. After any other redirect it may have acted. */
const MOVED: readonly number[] = [307, 308];

function meaningOf(status: number): Meaning {
  const known = MEANINGS[status];
  if (known) return known;
  if (status >= 300 && status < 400) return { reason: "bad_response", text: "a redirect, which is never followed" };
  return status < 500
    ? { reason: "refused", text: "the request was not accepted" }
    : { reason: "bad_response", text: "the target failed" };
}

/** What an HTTP status other than success says of a mutating call's effect. */
export function sentBy(status: number): Sent {
  if (DECLINED.includes(status) || MOVED.includes(status)) return "refused";
  return status >= 400 && status < 500 && status !== 408 ? "refused" : "unknown";
}

/** An HTTP status other than the wanted one, as the failure of `act`; `detail` is what the target said, already safe to show. */
export function statusFailure(
  act: string,
  status: number,
  options: { mutating: boolean; detail?: string },
): ActionFailure {
  const { reason, text } = meaningOf(status);
  const said = options.detail === undefined || options.detail === "" ? "" : ` (${options.detail})`;
  return failure(reason, `${act}: answered ${status}, ${text}${said}`, {
    sent: options.mutating ? sentBy(status) : "no",
    retryable: DECLINED.includes(status) || status >= 500 || status === 408,
  });
}

const COLOURS = /(?![\n\r\t])\p{Cc}\[[0-9;]*[A-Za-z]/gu;
const ASSIGNED = /\b((?:[a-z0-9]+[-_])*(?:token|password|passwd|secret|api[-_]?key)\s*[=:]\s*)[^\s&,;(){}"']+/gi;

/** Text from a target, fit for people: one line, at most 200 characters, without control characters and known secrets. */
export function quote(text: string, secrets: readonly string[] = []): string {
  const clean = scrub(cutText(text, 2_000).replace(COLOURS, ""), secrets)
    .replace(ASSIGNED, `$1${REDACTED}`)
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .trim();
  return clean.length > 200 ? `${clean.slice(0, 199)}…` : clean;
}

/** The text without these secrets and without what looks like one. */
export function scrub(text: string, secrets: readonly string[]): string {
  const known = secrets.filter((secret) => secret.length >= 4);
  return redactText(known.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text));
}
