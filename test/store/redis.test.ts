import { setTimeout as sleep } from "node:timers/promises";
import { startRedisStore } from "../support/redis-store.ts";
import { conformance } from "./conformance.ts";

const { admin, store, intake } = await startRedisStore();

conformance("Redis", async () => {
  await admin.flushall();
  return { store, intake, advance: async (ms) => void (ms > 0 && (await sleep(ms))) };
});
