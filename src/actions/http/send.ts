import { type Dispatcher, request } from "undici";
import type { Milliseconds } from "../../core/time.ts";
import type { Way } from "./guard.ts";
import { type Cause, explain } from "./no-answer.ts";

/** One HTTP request. `fence` is called immediately before the socket write and prevents it by throwing. */
export type Sending = {
  dispatcher: Way;
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
export type NoAnswer = Cause & { written: boolean };

export type Sent = { ok: true; answer: Answer } | ({ ok: false } & NoAnswer);

/**
 * Sends one request, follows no redirect and never repeats it.
 * @throws what `fence` throws; nothing was written then.
 */
export async function send(sending: Sending): Promise<Sent> {
  const trace: Trace = { written: false, refusal: undefined };
  const signal = AbortSignal.any([sending.signal, AbortSignal.timeout(sending.timeout)]);
  try {
    const asked = request(sending.url, {
      dispatcher: sending.dispatcher.compose(traced({ ...sending, signal }, trace)),
      method: sending.method as Dispatcher.HttpMethod,
      headers: sending.headers,
      body: sending.body ?? null,
      signal,
    });
    // The client heeds the signal only once a connection stands.
    const reply = await Promise.race([asked, aborted(signal)]);
    const body = await readBody(reply.body, sending.limit);
    return { ok: true, answer: { status: reply.statusCode, headers: plain(reply.headers), ...body } };
  } catch (error) {
    if (trace.refusal) throw trace.refusal.error;
    return { ok: false, ...explain(error, sending, trace.written), written: trace.written };
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

type Trace = { written: boolean; refusal: { error: unknown } | undefined };

/**
 * Calls the fence at the last moment before the write, after the connection stands, and remembers that the write began. Once the signal has
 * fired nothing is written any more.
 */
function traced({ fence, signal }: Sending, trace: Trace): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      onRequestStart(controller, context) {
        if (trace.written) return controller.abort(new Error("a request is never written twice"));
        if (signal.aborted) return controller.abort(signal.reason);
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
