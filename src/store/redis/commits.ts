import { ReplyError } from "ioredis";
import type { Committed, Store, Tx } from "../../core/store.ts";
import type { Instant } from "../../core/time.ts";
import { batched } from "./batch.ts";
import { failureOf } from "./failures.ts";
import type { Link } from "./link.ts";
import { runScript, type ScriptArgument } from "./script.ts";
import { packTx, readCommitted, TRANSACTION } from "./transaction.ts";

type Packed = { tx: Tx; args: readonly ScriptArgument[] };
type Answered = { now: Instant; answer: unknown };

/** No call keeps Redis from others for longer than a few milliseconds; a commit that is larger by itself goes alone. */
const LIMITS = { items: 64, bytes: 128 * 1024, bytesOf: sizeOf };

/**
 * Commits of one event, a reply with all that waited for it, leave as one script call: sending and starting it costs more than most of
 * them. Each is all or nothing as before, and none knows of the others.
 */
export function commits(link: Link): Store["commit"] {
  const send = batched<Packed, Answered>(
    (batch) => sendAll(link, batch),
    LIMITS,
    (flush) => process.nextTick(flush),
  );
  return async (tx): Promise<Committed> => {
    const { now, answer } = await send({ tx, args: packTx(tx) });
    if (typeof answer === "string") throw failureOf(new ReplyError(answer), link.address);
    return readCommitted(tx, now, answer);
  };
}

async function sendAll(link: Link, batch: readonly Packed[]): Promise<readonly Answered[]> {
  const args = batch.flatMap((one) => [one.args.length, ...one.args]);
  const reply = await link.call((redis) => runScript(redis, TRANSACTION, args));
  const [now, ...answers] = Array.isArray(reply) ? reply : [];
  return answers.map((answer) => ({ now: Number(now), answer }));
}

function sizeOf({ args }: Packed): number {
  let size = 0;
  for (const arg of args) size += typeof arg === "string" ? arg.length : 8;
  return size;
}
