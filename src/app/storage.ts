import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../core/config.ts";
import { AppError, codeOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Milliseconds } from "../core/time.ts";
import { startEmbeddedRedis } from "../store/embedded/index.ts";
import { connectRedisStore, type RedisBackend } from "../store/redis/index.ts";
import { openLink } from "../store/redis/link.ts";
import { checkServer, type Finding } from "../store/redis/server-check.ts";

/** The store with the address of its Redis, which may be a child of this process. */
export type Storage = RedisBackend & {
  url: string;
  embedded: boolean;
  /** What holds: the embedded Redis writes to disk first, whatever less is asked for. */
  durability: Config["durability"]["kind"];
  /** What the start-up checks found and only warn about. */
  warnings: readonly string[];
  /** What is wrong with this Redis and was accepted in `redis.accept-risk`, with what it costs. */
  acceptedRisks: readonly string[];
  /** Ends the connections, then the embedded Redis. */
  stop(): Promise<void>;
};

/**
 * Connects to `REDIS_URL`, or starts an embedded Redis with an append-only file under `.stanch/`.
 * @throws AppError `invalid_config` when the server could lose accepted alerts; `unavailable` when there is none.
 */
export async function openStorage(config: Config, log: Log): Promise<Storage> {
  const given = config.environment.redisUrl;
  const onExit = (reason: string): void => log.warn({ reason }, "the embedded Redis is gone; it is started again");
  const embedded = given === undefined ? await startEmbeddedRedis({ directory: ".stanch", onExit }) : undefined;
  const url = given ?? embedded?.url ?? "";
  try {
    const findings = await checkUrl(url, config);
    for (const message of findings.acceptedRisks) log.warn({ risk: message }, "a risk of this Redis was accepted");
    const backend = connectRedisStore({ url, durability: config.durability, onTrouble: troubleLog(log) });
    const stop = async (): Promise<void> => {
      await backend.close();
      await embedded?.stop();
    };
    const { kind } = config.durability;
    const durability = embedded && kind === "everysec" ? "aof-always" : kind;
    return { ...backend, url, embedded: embedded !== undefined, durability, ...findings, stop };
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}

async function checkUrl(url: string, config: Config): Promise<Pick<Storage, "warnings" | "acceptedRisks">> {
  const link = openLink({ url, kind: "commands" });
  try {
    const { durability, acceptedRisks = [] } = config;
    const findings = await patiently(() => checkServer(link, { durability, acceptedRisks }));
    const faults = findings.filter((finding) => finding.level === "fatal").map(({ message }) => ({ message }));
    if (faults.length > 0) throw new AppError("invalid_config", "this Redis could lose what was accepted:", { faults });
    const messages = (level: Finding["level"]) =>
      findings.filter((finding) => finding.level === level).map(({ message }) => message);
    return { warnings: messages("warning"), acceptedRisks: messages("accepted") };
  } finally {
    await link.close();
  }
}

/** A Redis that is only slow to accept its first connection must not keep the service from starting. */
const REACHED_WITHIN: Milliseconds = 3_000;

async function patiently<T>(check: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + REACHED_WITHIN;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (codeOf(error) !== "unavailable" || performance.now() > deadline) throw error;
      await sleep(100);
    }
  }
}

const SAY_EVERY: Milliseconds = 10_000;

/** Reconnecting fails many times a second; one line in ten seconds says enough. */
function troubleLog(log: Log): (error: Error) => void {
  let said = Number.NEGATIVE_INFINITY;
  return (err) => {
    const now = performance.now();
    if (now - said < SAY_EVERY) return;
    said = now;
    log.warn({ err }, "Redis cannot be reached; reconnecting");
  };
}
