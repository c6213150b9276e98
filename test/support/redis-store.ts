import { after } from "node:test";
import { Redis } from "ioredis";
import { connectRedisStore } from "../../src/store/redis/index.ts";
import { startRedis } from "./redis.ts";

/** The store on a Redis of its own, as `startRedis` starts it, and a client beside the store; all end with the test file. */
export async function startRedisStore(options?: Parameters<typeof startRedis>[0]) {
  const server = await startRedis(options);
  const admin = new Redis(server.url);
  const backend = connectRedisStore({ url: server.url, durability: { kind: "everysec" } });
  after(async () => {
    await backend.close();
    admin.disconnect();
    await server.stop();
  });
  return { server, admin, ...backend };
}
