import { Redis } from "ioredis";
import type { ActionContext, ActionFailure, FailureReason } from "../../core/action.ts";
import type { Connection } from "../../core/connection.ts";
import { failure, quote } from "../failure.ts";

const CONNECT_WITHIN = 3_000;
const ANSWER_WITHIN = 5_000;
const ANSWER_LIMIT = 4 * 1024 * 1024;

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
  const { url } = connection.settings;
  const client = clientOf(url);
  // `connect` only says that the connection was closed; why is said by the event, which without a listener would end the process.
  const seen: unknown[] = [];
  client.on("error", (error) => seen.push(error));
  const call: Acting = { act: exchange.act, mutating: exchange.mutating, secrets: secretsOf(url) };
  try {
    const connected = await settled(client.connect(), CONNECT_WITHIN, ctx.signal);
    if (connected.kind !== "value") return unconnected(call, connected, seen.at(-1));
    limitAnswer(client);
    if (exchange.mutating) ctx.fence();
    const answered = await settled(exchange.call(client), ANSWER_WITHIN, ctx.signal);
    return answered.kind === "value" ? { ok: true, value: answered.value } : unanswered(call, answered);
  } finally {
    client.disconnect();
  }
}

function clientOf(url: string): Redis {
  return new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    disableClientInfo: true,
    connectTimeout: CONNECT_WITHIN,
  });
}

/** The client keeps a whole answer in memory: one that is too long ends the connection instead. */
function limitAnswer(client: Redis): void {
  let left = ANSWER_LIMIT;
  client.stream.on("data", (chunk: Buffer) => {
    if (left > 0 && left <= chunk.length) client.disconnect();
    left -= chunk.length;
  });
}

function secretsOf(url: string): readonly string[] {
  const password = URL.parse(url)?.password ?? "";
  return password === "" ? [] : [password, decodeURIComponent(password)];
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

type Acting = { act: string; mutating: boolean; secrets: readonly string[] };
type NoValue = Exclude<Settled<unknown>, { kind: "value" }>;

function unconnected(call: Acting, end: NoValue, seen: unknown): ActionFailure {
  if (end.kind === "error" && isReply(seen)) return replied(call, seen, "no");
  if (end.kind !== "error") return waited(call.act, end, "no");
  const message = `${call.act}: no connection; check that Redis runs and the connection's url`;
  return failure("unreachable", message, { retryable: true });
}

function unanswered(call: Acting, end: NoValue): ActionFailure {
  if (end.kind === "error" && isReply(end.error)) return replied(call, end.error, call.mutating ? "refused" : "no");
  const sent = call.mutating ? "unknown" : "no";
  if (end.kind !== "error") return waited(call.act, end, sent);
  return failure("unreachable", `${call.act}: the connection broke before an answer came`, { sent, retryable: true });
}

function waited(act: string, end: Exclude<NoValue, { kind: "error" }>, sent: ActionFailure["sent"]): ActionFailure {
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

function replied({ act, secrets }: Acting, error: Error, sent: ActionFailure["sent"]): ActionFailure {
  const known = REPLIES[error.message.split(" ", 1)[0] ?? ""] ?? { reason: "refused" as const, retryable: false };
  return failure(known.reason, `${act}: Redis answered ${quote(error.message, secrets)}`, {
    sent,
    retryable: known.retryable,
  });
}
