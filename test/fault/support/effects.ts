import { Redis } from "ioredis";
import type { House } from "./house.ts";

/** Everything that reached the systems, in words. The gateway deduplicates `/admin/reset`, and counts each `/echo`. */
export function effectsOf({ gateway, ecs, kubernetes, alertmanager }: House): readonly string[] {
  const resets = new Set(
    gateway.requests
      .filter(({ label }) => label === "POST /admin/reset")
      .map(({ headers }) => headers["idempotency-key"]),
  );
  return [
    ...gateway.effects.map(({ key, after }) => (resets.has(key) ? "reset" : `SHED_RATE ${String(after["SHED_RATE"])}`)),
    ...gateway.requests.filter(({ label }) => label === "POST /echo").map(() => "echo"),
    ...alertmanager.effects.map(({ kind }) => `silence ${kind}`),
    ...ecs.effects.map(({ operation, cluster, service }) => `${operation} ${cluster}/${service}`),
    ...kubernetes.effects.map(({ verb, path }) => `${verb} ${path.slice(path.lastIndexOf("/") + 1)}`),
  ];
}

/** Counts writes to the settings of one Redis database as they happen. */
export async function watchRedis(url: string): Promise<{ effects: readonly string[]; close(): Promise<void> }> {
  const effects: string[] = [];
  const redis = new Redis(url);
  // Trials kill the server; the client comes back and subscribes again by itself.
  redis.on("error", () => undefined);
  await redis.config("SET", "notify-keyspace-events", "KA");
  redis.on("pmessage", (_pattern, channel: string, what: string) => {
    effects.push(`${what} ${channel.slice(channel.indexOf("__:") + 3)}`);
  });
  await redis.psubscribe(`__keyspace@${new URL(url).pathname.slice(1)}__:*`);
  return {
    effects,
    async close() {
      await redis.quit();
    },
  };
}
