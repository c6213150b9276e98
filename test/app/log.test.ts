import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../src/app/log.ts";
import { AppError } from "../../src/core/errors.ts";
import { createBullmqQueue } from "../../src/queue/bullmq.ts";
import { startRedis } from "../support/redis.ts";

/** A log whose lines are kept; the first one is waited for. */
function keptLog() {
  const lines: string[] = [];
  const first = Promise.withResolvers<void>();
  const write = (line: string): void => {
    lines.push(line);
    first.resolve();
  };
  return { log: createLog("debug", { write }), lines, first: first.promise };
}

test("a Redis that refuses the password does not get it logged", async (context) => {
  const server = await startRedis();
  context.after(() => server.stop());
  const { log, lines, first } = keptLog();
  const url = server.url.replace("redis://", "redis://stanch:hunter2-of-redis@");
  const queue = createBullmqQueue({ url, onError: (err, what) => log.warn({ err, what }, "the queue had trouble") });
  await first;
  await queue.stop(0);
  assert.match(lines.join(""), /WRONGPASS/);
  assert.doesNotMatch(lines.join(""), /hunter2/);
});

test("an error is logged with its words, its code and its causes, and with nothing else that hangs on it", () => {
  const { log, lines } = keptLog();
  const cause = Object.assign(new Error("OOM, for redis://:pw-of-it@redis:6379"), { command: { args: ["a body"] } });
  log.error({ err: Object.assign(cause, { name: "ReplyError" }) }, "one");
  log.error({ err: new AppError("unavailable", "reaching Redis", { cause }) }, "two");
  const [one = "", two = ""] = lines;
  assert.match(one, /"message":"OOM, for redis:\/\/:\[redacted\]@redis:6379"/);
  assert.match(two, /"message":"reaching Redis: OOM/);
  assert.match(two, /"code":"unavailable"/);
  assert.doesNotMatch(lines.join(""), /a body|pw-of-it/);
});
