import { z } from "zod";
import { define } from "../define.ts";
import { failure } from "../failure.ts";
import { ConnectionName } from "../inputs.ts";
import { redisSession } from "./session.ts";

const LENGTH_SHOWN = 1_024;

const Input = z.strictObject({ connection: ConnectionName, key: z.string().min(1).max(512) });
const Output = z.object({
  exists: z.boolean(),
  /** The text, at most its first 1024 bytes; null for a missing key. */
  value: z.string().nullable(),
  /** The value as a number where it is one. */
  number: z.number().nullable(),
  bytes: z.number(),
});

/** `redis.get`: a string key. A missing key is told apart from an empty one; a key of another type is a failure. */
export const redisGet = define<z.infer<typeof Input>, z.infer<typeof Output>>({
  name: "redis.get",
  connection: "redis",
  effect: "read",
  input: Input,
  output: Output,
  targets: () => [],
  describe: ({ key, connection = "the redis connection" }) => `read ${key} of ${connection}`,
  async run({ key, connection }, ctx) {
    const redis = ctx.connections.find("redis", connection);
    const act = `reading ${key} of ${redis.name}`;
    const read = await redisSession(redis, ctx, {
      act,
      mutating: false,
      call: (client) =>
        Promise.all([client.exists(key), client.strlen(key), client.getrange(key, 0, LENGTH_SHOWN - 1)]),
    });
    if (!read.ok) return read;
    const [exists, bytes, text] = read.value;
    if (typeof text !== "string") return failure("bad_response", `${act}: the answer is no text`, { retryable: true });
    if (exists === 0) return { ok: true, done: true, output: { exists: false, value: null, number: null, bytes: 0 } };
    const number = text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : null;
    return { ok: true, done: true, output: { exists: true, value: text, number, bytes } };
  },
});
