import { Redis, type RedisOptions } from "ioredis";
import type { Milliseconds } from "../../core/time.ts";
import { failureOf } from "./failures.ts";

/** How long a call waits for a connection, and then for its answer; together below the two seconds of the contract. */
export const READY_WITHIN_MS = 500;
export const ANSWER_WITHIN_MS = 1_400;

/** One connection: `call` sends at once or fails, so that nothing is executed after its caller was told that it failed. */
export type Link = {
  redis: Redis;
  address: string;
  /** @throws AppError `unavailable` on trouble with the connection or the server. */
  call<T>(act: (redis: Redis) => Promise<T>): Promise<T>;
  /** Writes what has been issued so far, without waiting for the event's end. */
  push(): void;
  close(): Promise<void>;
};

export type LinkKind = "commands" | "batches" | "blocking";

export type LinkOptions = {
  url: string;
  /** `batches` sends the commands of one call at once and together, since they are a batch already; a blocking connection waits for its answer as long as the command says. */
  kind: LinkKind;
  /** Told of each connection error; reconnecting goes on by itself. */
  onTrouble?: ((error: Error) => void) | undefined;
};

/*
 * No offline queue and no resending: ioredis would execute a queued command after its timeout was reported (it leaves
 * timed-out commands in the queue), and would repeat an unanswered commit. With `maxRetriesPerRequest: 0` all commands
 * in flight fail at the moment the connection closes.
 */
const COMMON = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  retryStrategy: (attempt: number) => Math.min(attempt * 50, 250),
  connectTimeout: 2_000,
  maxLoadingRetryTime: 200,
  keepAlive: 10_000,
} satisfies RedisOptions;
const COMMANDS = { commandTimeout: ANSWER_WITHIN_MS, socketTimeout: 5_000 } satisfies RedisOptions;
const BLOCKING = { blockingTimeout: 10_000, blockingTimeoutGrace: 2_000, socketTimeout: 30_000 } satisfies RedisOptions;

/** Opens a connection that reconnects for ever; it never throws, the first call tells. */
export function openLink({ url, kind, onTrouble }: LinkOptions): Link {
  const redis = new Redis(url, { ...COMMON, ...(kind === "blocking" ? BLOCKING : COMMANDS) });
  let trouble: Error | undefined;
  redis.on("error", (error: Error) => {
    trouble = error;
    onTrouble?.(error);
  });
  redis.on("ready", () => {
    trouble = undefined;
  });
  const address = addressOf(redis.options);
  const { issue, push } = ISSUE[kind](redis);
  let connecting: Promise<boolean> | undefined;
  return {
    redis,
    address,
    async call(act) {
      try {
        if (redis.status !== "ready") {
          connecting ??= becomesReady(redis, READY_WITHIN_MS).finally(() => {
            connecting = undefined;
          });
          if (!(await connecting)) throw trouble ?? new Error(`not connected within ${READY_WITHIN_MS} ms`);
        }
        return await issue(() => act(redis));
      } catch (error) {
        throw failureOf(error, address);
      }
    },
    push,
    close: () => close(redis, kind),
  };
}

type Issue = { issue<T>(act: () => Promise<T>): Promise<T>; push(): void };

const nothing = (): void => undefined;

/** How commands leave. */
const ISSUE: Readonly<Record<LinkKind, (redis: Redis) => Issue>> = {
  commands: perEvent,
  batches: perCall,
  blocking: () => ({ issue: (act) => act(), push: nothing }),
};

/**
 * Commands that one event leads to, a reply with all that waited for it, leave in one packet: writing is what they cost most. Until the
 * end of the loop's turn they do not wait: another connection's work may come before it.
 */
function perEvent(redis: Redis): Issue {
  let corked = false;
  let stream = redis.stream;
  return {
    issue(act) {
      if (!corked) {
        corked = true;
        stream = redis.stream;
        stream.cork();
        process.nextTick(() => {
          corked = false;
          stream.uncork();
        });
      }
      return act();
    },
    push() {
      if (!corked) return;
      stream.uncork();
      stream.cork();
    },
  };
}

/** Commands that a call issues at once leave in one packet. */
function perCall(redis: Redis): Issue {
  return {
    issue(act) {
      const { stream } = redis;
      stream.cork();
      const answer = act();
      stream.uncork();
      return answer;
    },
    push: nothing,
  };
}

function addressOf({ path, host, port }: RedisOptions): string {
  return path ?? `${host}:${port}`;
}

function becomesReady(redis: Redis, within: Milliseconds): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (isReady: boolean) => {
      clearTimeout(timer);
      redis.off("ready", ready);
      resolve(isReady);
    };
    const ready = () => done(true);
    const timer = setTimeout(() => done(false), within);
    redis.once("ready", ready);
  });
}

/** Waits for the answers under way, then closes; what a blocking read would still bring is reclaimed by others. */
async function close(redis: Redis, kind: LinkKind): Promise<void> {
  if (redis.status === "ready" && kind !== "blocking") await redis.quit().catch(() => undefined);
  redis.disconnect();
}
