import { type Dispatcher, request } from "undici";
import type { FailureReason } from "../../core/action.ts";
import type { Milliseconds } from "../../core/time.ts";

/** One HTTP request. `fence` is called immediately before the socket write and prevents it by throwing. */
export type Sending = {
  dispatcher: Dispatcher;
  method: string;
  url: URL;
  headers: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  /** For everything: name look-up, connection, answer and body. */
  timeout: Milliseconds;
  signal: AbortSignal;
  /** Bytes of the answer that are kept; the connection is dropped beyond. */
  limit: number;
  fence?: () => void;
};

/** An HTTP answer of any status. `cut`: the body is longer than the limit or broke off. Header names are lower case. */
export type Answer = { status: number; headers: Readonly<Record<string, string>>; body: Buffer; cut: boolean };

/** No answer. `written` says whether any byte of the request may have left. */
export type NoAnswer = { reason: FailureReason; detail: string; written: boolean; retryable: boolean };

export type Sent = { ok: true; answer: Answer } | ({ ok: false } & NoAnswer);

/**
 * Sends one request, follows no redirect and never repeats it.
 * @throws what `fence` throws; nothing was written then.
 */
export async function send(sending: Sending): Promise<Sent> {
  const trace: Trace = { written: false, refusal: undefined };
  const signal = AbortSignal.any([sending.signal, AbortSignal.timeout(sending.timeout)]);
  try {
    const reply = await request(sending.url, {
      dispatcher: sending.dispatcher.compose(traced(sending, trace)),
      method: sending.method as Dispatcher.HttpMethod,
      headers: sending.headers,
      body: sending.body ?? null,
      signal,
    });
    const body = await readBody(reply.body, sending.limit);
    return { ok: true, answer: { status: reply.statusCode, headers: plain(reply.headers), ...body } };
  } catch (error) {
    if (trace.refusal) throw trace.refusal.error;
    return { ok: false, ...explain(error, sending), written: trace.written };
  }
}

type Trace = { written: boolean; refusal: { error: unknown } | undefined };

/** Calls the fence at the last moment before the write, after the connection stands, and remembers that the write began. */
function traced({ fence }: Sending, trace: Trace): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      onRequestStart(controller, context) {
        if (trace.written) return controller.abort(new Error("a request is never written twice"));
        try {
          fence?.();
        } catch (error) {
          trace.refusal = { error };
          throw error;
        }
        trace.written = true;
        handler.onRequestStart?.(controller, context);
      },
      onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
      onResponseStart: (...args) => handler.onResponseStart?.(...args),
      onResponseData: (...args) => handler.onResponseData?.(...args),
      onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
      onResponseError: (...args) => handler.onResponseError?.(...args),
    });
}

/** The status is known once the headers are in, so a body that breaks off is an answer that was cut, not a missing answer. */
async function readBody(body: AsyncIterable<Buffer>, limit: number): Promise<{ body: Buffer; cut: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > limit) return { body: Buffer.concat(chunks).subarray(0, limit), cut: true };
    }
    return { body: Buffer.concat(chunks), cut: false };
  } catch {
    return { body: Buffer.concat(chunks), cut: true };
  }
}

function plain(headers: Readonly<Record<string, string | string[] | undefined>>): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : `${value}`]),
  );
}

const CODES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused; check that it runs and the connection's address",
  ENOTFOUND: "the host name does not exist; check the connection's address",
  EAI_AGAIN: "the host name cannot be resolved now",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to the network",
  ECONNRESET: "the connection was reset",
  EPIPE: "the connection was closed",
  UND_ERR_SOCKET: "the connection was closed before an answer came",
};

function explain(error: unknown, sending: Sending): Omit<NoAnswer, "written"> {
  if (sending.signal.aborted && !isTimeout(sending.signal.reason))
    return { reason: "claim_lost", detail: "stopped by this worker before an answer came", retryable: true };
  const code = codeOf(error);
  if (sending.signal.aborted)
    return { reason: "timeout", detail: "no answer within the step's time limit", retryable: true };
  if (isTimeout(error) || code === "UND_ERR_CONNECT_TIMEOUT")
    return { reason: "timeout", detail: `no answer within ${sending.timeout / 1000} s`, retryable: true };
  if (code === "ERR_BLOCKED_ADDRESS")
    return {
      reason: "refused",
      detail: "the address is not public; set allow-private on the connection if it is meant",
      retryable: false,
    };
  if (code.startsWith("HPE_")) return { reason: "bad_response", detail: "what came back is not HTTP", retryable: true };
  const text = CODES[code] ?? (/CERT|TLS|SSL/.test(code) ? `TLS: ${code}; check the certificate` : "no connection");
  return { reason: "unreachable", detail: text, retryable: true };
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError";
}

/** The code of the error or of what caused it; connection attempts to several addresses fail as one AggregateError. */
function codeOf(error: unknown, depth = 0): string {
  if (typeof error !== "object" || error === null || depth > 4) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0], depth + 1);
  return "cause" in error ? codeOf(error.cause, depth + 1) : "";
}
