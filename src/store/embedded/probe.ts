import { Redis } from "ioredis";

/** A connection that answers PING right now, or nothing; it does not reconnect. The caller disconnects it. */
export async function connectOnce(place: { port: number; password: string }): Promise<Redis | undefined> {
  const redis = new Redis({
    host: "127.0.0.1",
    port: place.port,
    password: place.password,
    lazyConnect: true,
    connectTimeout: 500,
    commandTimeout: 1_000,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    maxLoadingRetryTime: 100,
  });
  redis.on("error", () => undefined);
  try {
    await redis.connect();
    await redis.ping();
    return redis;
  } catch {
    redis.disconnect();
    return undefined;
  }
}
