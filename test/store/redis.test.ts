import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { connectRedisStore } from "../../src/store/redis/index.ts";
import { startRedis } from "../support/redis.ts";
import { conformance } from "./conformance.ts";

const server = await startRedis();
const admin = new Redis(server.url);
const backend = connectRedisStore({ url: server.url, durability: { kind: "everysec" } });

after(async () => {
  await backend.close();
  admin.disconnect();
  await server.stop();
});

conformance("Redis", async () => {
  await admin.flushall();
  return { store: backend.store, intake: backend.intake, advance: async (ms) => void (ms > 0 && (await sleep(ms))) };
});
