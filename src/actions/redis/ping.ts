import { z } from "zod";
import { define } from "../define.ts";
import { failure, quote } from "../failure.ts";
import { ConnectionName } from "../inputs.ts";
import { redisSession } from "./session.ts";

const Input = z.strictObject({ connection: ConnectionName });
const Output = z.object({ reply: z.string(), durationMs: z.number() });

/** `redis.ping`: PONG, and how long it took with the connection included. */
export const redisPing = define<z.infer<typeof Input>, z.infer<typeof Output>>({
  name: "redis.ping",
  connection: "redis",
  effect: "read",
  input: Input,
  output: Output,
  targets: () => [],
  describe: ({ connection = "the redis connection" }) => `ping ${connection}`,
  async run({ connection }, ctx) {
    const redis = ctx.connections.find("redis", connection);
    const act = `pinging ${redis.name}`;
    const started = performance.now();
    const answer = await redisSession(redis, ctx, { act, mutating: false, call: (client) => client.ping() });
    if (!answer.ok) return answer;
    if (answer.value !== "PONG")
      return failure("bad_response", `${act}: answered ${quote(`${answer.value}`)}, not PONG`);
    return { ok: true, done: true, output: { reply: "PONG", durationMs: Math.round(performance.now() - started) } };
  },
});
