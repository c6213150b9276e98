import { z } from "zod";
import { define } from "../define.ts";
import { failure } from "../failure.ts";
import { ConnectionName } from "../inputs.ts";
import { redisSession } from "./session.ts";

const SECTIONS = ["server", "clients", "memory", "persistence", "stats", "replication", "cpu", "keyspace"] as const;

const Input = z.strictObject({ connection: ConnectionName, section: z.enum(SECTIONS) });
const Output = z.object({ section: z.enum(SECTIONS), values: z.record(z.string(), z.union([z.number(), z.string()])) });

/**
 * `redis.info`: one section of INFO under Redis's own names (`values.connected_clients`); numbers are numbers. Counters run since the
 * server's start: a rate needs two samples.
 */
export const redisInfo = define<z.infer<typeof Input>, z.infer<typeof Output>>({
  name: "redis.info",
  connection: "redis",
  effect: "read",
  input: Input,
  output: Output,
  targets: () => [],
  describe: ({ section, connection = "the redis connection" }) => `read INFO ${section} of ${connection}`,
  async run({ section, connection }, ctx) {
    const redis = ctx.connections.find("redis", connection);
    const act = `reading INFO ${section} of ${redis.name}`;
    const read = await redisSession(redis, ctx, { act, mutating: false, call: (client) => client.info(section) });
    if (!read.ok) return read;
    if (typeof read.value !== "string" || !read.value.startsWith("# "))
      return failure("bad_response", `${act}: the answer is not that of INFO`, { retryable: true });
    return { ok: true, done: true, output: { section, values: valuesOf(read.value) } };
  },
});

function valuesOf(text: string): Readonly<Record<string, number | string>> {
  const pairs = text.split("\r\n").flatMap((line): [string, number | string][] => {
    const at = line.indexOf(":");
    if (line.startsWith("#") || at < 1) return [];
    const value = line.slice(at + 1, at + 201);
    return [[line.slice(0, at), value !== "" && Number.isFinite(Number(value)) ? Number(value) : value]];
  });
  return Object.fromEntries(pairs.slice(0, 200));
}
