import { Redis } from "ioredis";

/** The first attempts come quickly, then once a second: workers consume again right after an outage ends. */
const retryStrategy = (attempt: number): number => Math.min(attempt * 100, 1_000);

const COMMON = { retryStrategy, connectTimeout: 5_000, keepAlive: 10_000 };

/** For adds and counts: a command fails within two seconds instead of waiting for Redis to come back. */
export function producerConnection(url: string): Redis {
  return new Redis(url, { ...COMMON, maxRetriesPerRequest: 1, commandTimeout: 2_000 });
}

/** For workers: commands wait for Redis as long as it takes, as BullMQ demands of blocking connections. */
export function workerConnection(url: string): Redis {
  return new Redis(url, { ...COMMON, maxRetriesPerRequest: null, socketTimeout: 20_000 });
}
