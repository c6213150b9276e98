import { Redis } from "ioredis";
import type { ActionContext, ActionFailure, FailureReason } from "../../core/action.ts";
import type { Connection } from "../../core/connection.ts";
import { failure, quote } from "../failure.ts";

const CONNECT_WITHIN = 3_000;
const ANSWER_WITHIN = 5_000;

/** One exchange with a Redis; `mutating` passes the fence, after the connection stands and right before the write. */
export type Exchange<T> = { act: string; mutating: boolean; call(client: Redis): Promise<T> };

/**
 * Connects, makes one exchange and disconnects: a connection of its own never resends a command after a reconnect.
 * Connecting takes at most 3 s, the answer at most 5 s.
 * @throws what the fence throws; nothing was sent then.
 */
export async function redisSession<T>(
  connection: Connection<"redis">,
  ctx: Pick<ActionContext, "signal" | "fence">,
  exchange: Exchange<T>,
): Promise<{ ok: true; value: T } | ActionFailure> {
  const client = clientOf(connection.settings.url);
  const act = exchange.act;
  try {
    const connected = await settled(client.connect(), CONNECT_WITHIN, ctx.signal);
    if (connected.kind !== "value") return unconnected(act, connected);
    if (exchange.mutating) ctx.fence();
    const answered = await settled(exchange.call(client), ANSWER_WITHIN, ctx.signal);
    return answered.kind === "value"
      ? { ok: true, value: answered.value }
      : unanswered(act, answered, exchange.mutating);
  } finally {
    client.disconnect();
  }
}

function clientOf(url: string): Redis {
  const client = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    disableClientInfo: true,
    connectTimeout: CONNECT_WITHIN,
  });
  // Without a listener the first connection error would end the process; the promise of `connect` reports it.
  client.on("error", () => {});
  return client;
}

type Settled<T> =
  | { kind: "value"; value: T }
  | { kind: "error"; error: unknown }
  | { kind: "late"; within: number }
  | { kind: "stopped"; timeout: boolean };

/** A promise's end, its time limit, or the signal: whichever comes first. */
async function settled<T>(promise: Promise<T>, within: number, signal: AbortSignal): Promise<Settled<T>> {
  const late = AbortSignal.timeout(within);
  const either = AbortSignal.any([late, signal]);
  const outcome = promise.then(
    (value): Settled<T> => ({ kind: "value", value }),
    (error: unknown): Settled<T> => ({ kind: "error", error }),
  );
  if (signal.aborted) return stopped(signal);
  const limit = new Promise<Settled<T>>((resolve) => {
    either.addEventListener("abort", () => resolve(signal.aborted ? stopped(signal) : { kind: "late", within }), {
      once: true,
    });
  });
  return Promise.race([outcome, limit]);
}

function stopped(signal: AbortSignal): { kind: "stopped"; timeout: boolean } {
  return { kind: "stopped", timeout: signal.reason instanceof Error && signal.reason.name === "TimeoutError" };
}

function unconnected(act: string, end: Exclude<Settled<unknown>, { kind: "value" }>): ActionFailure {
  if (end.kind === "error" && isReply(end.error)) return replied(act, end.error, "no");
  if (end.kind === "error")
    return failure("unreachable", `${act}: no connection; check that Redis runs and the connection's url`, {
      retryable: true,
    });
  return waited(act, end, "no");
}

function unanswered(act: string, end: Exclude<Settled<unknown>, { kind: "value" }>, mutating: boolean): ActionFailure {
  if (end.kind === "error" && isReply(end.error)) return replied(act, end.error, mutating ? "refused" : "no");
  const sent = mutating ? "unknown" : "no";
  if (end.kind === "error")
    return failure("unreachable", `${act}: the connection broke before an answer came`, { sent, retryable: true });
  return waited(act, end, sent);
}

function waited(
  act: string,
  end: Extract<Settled<unknown>, { kind: "late" | "stopped" }>,
  sent: ActionFailure["sent"],
): ActionFailure {
  if (end.kind === "late")
    return failure("timeout", `${act}: no answer within ${end.within / 1_000} s`, { sent, retryable: true });
  return end.timeout
    ? failure("timeout", `${act}: no answer within the step's time limit`, { sent, retryable: true })
    : failure("claim_lost", `${act}: stopped by this worker before an answer came`, { sent, retryable: true });
}

const REPLIES: Readonly<Record<string, { reason: FailureReason; retryable: boolean }>> = {
  NOAUTH: { reason: "denied", retryable: false },
  WRONGPASS: { reason: "denied", retryable: false },
  NOPERM: { reason: "denied", retryable: false },
  LOADING: { reason: "unreachable", retryable: true },
  BUSY: { reason: "unreachable", retryable: true },
  MASTERDOWN: { reason: "unreachable", retryable: true },
  CLUSTERDOWN: { reason: "unreachable", retryable: true },
  TRYAGAIN: { reason: "throttled", retryable: true },
};

function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === "ReplyError";
}

function replied(act: string, error: Error, sent: ActionFailure["sent"]): ActionFailure {
  const known = REPLIES[error.message.split(" ", 1)[0] ?? ""] ?? { reason: "refused" as const, retryable: false };
  return failure(known.reason, `${act}: Redis answered ${quote(error.message)}`, { sent, retryable: known.retryable });
}
