import { ReplyError } from "ioredis";
import type { Committed, Store, Tx } from "../../core/store.ts";
import { batched } from "./batch.ts";
import { failureOf } from "./failures.ts";
import type { Link } from "./link.ts";
import { runScript } from "./script.ts";
import { packTx, readCommitted, TRANSACTION } from "./transaction.ts";

type Packed = { tx: Tx; text: string };

/** So many that Redis has begun with the first while this process makes the next; a commit that is larger by itself goes alone. */
const LIMITS = { items: 16, bytes: 128 * 1024, bytesOf: ({ text }: Packed) => text.length };

/**
 * Commits of one event, a reply with all that waited for it, leave as one script call: sending and starting it costs more than most of
 * them. Each is all or nothing as before, and none knows of the others.
 */
export function commits(link: Link): Store["commit"] {
  const send = batched<Packed, Committed>(
    (batch) => sendAll(link, batch),
    LIMITS,
    (flush) => process.nextTick(flush),
  );
  return (tx) => send({ tx, text: packTx(tx) });
}

async function sendAll(link: Link, batch: readonly Packed[]): Promise<readonly (Committed | Error)[]> {
  const texts = batch.map(({ text }) => text);
  const replied = link.call((redis) => runScript(redis, TRANSACTION, texts));
  if (batch.length >= LIMITS.items) link.push();
  const reply = await replied;
  const [now, ...answers]: readonly unknown[] = Array.isArray(reply) ? reply : [];
  return batch.slice(0, answers.length).map(({ tx }, index) => {
    const answer = answers[index];
    if (typeof answer === "string") return failureOf(new ReplyError(answer) as Error, link.address);
    return readCommitted(tx, Number(now), answer);
  });
}
