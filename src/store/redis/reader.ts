import { hostname } from "node:os";
import type { Redis } from "ioredis";
import type { SourceName } from "../../core/alert.ts";
import type { Intake, IntakeEntry } from "../../core/intake.ts";
import { GROUP, keys, STREAM } from "./keys.ts";
import type { Link } from "./link.ts";
import { pairsOf, textsOf } from "./replies.ts";
import { runScript } from "./script.ts";
import { BACKLOG, DROP_CONSUMERS, RECLAIM, WAITING } from "./stream-scripts.ts";

/** A read blocks no longer, so that a connection without an answer for longer is known to be dead. */
const LONGEST_BLOCK_MS = 20_000;
const GONE_CONSUMER_MS = 24 * 3_600_000;

/** `main` serves what answers at once; `blocking` is opened by the first `read`, so that a web role never has it. */
export type ReaderLinks = { main: Link; blocking: () => Link };

/** The stream behind `accept`, read as one consumer of the group that all workers share. */
export function streamReader(links: ReaderLinks): Pick<Intake, "read" | "reclaim" | "waiting" | "backlog"> {
  const consumer = `${hostname()}-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  const { main } = links;
  return {
    read: async ({ count, block }) => withBodies(main, await read(links.blocking(), consumer, { count, block })),
    async reclaim(idle) {
      await main.call((redis) => runScript(redis, DROP_CONSUMERS, [GONE_CONSUMER_MS]));
      return withBodies(main, rowsOf(await main.call((redis) => runScript(redis, RECLAIM, [consumer, idle]))));
    },
    waiting: async (limit) => withBodies(main, rowsOf(await main.call((redis) => runScript(redis, WAITING, [limit])))),
    backlog: () => backlog(main),
  };
}

async function read(
  link: Link,
  consumer: string,
  { count, block }: Parameters<Intake["read"]>[0],
): Promise<readonly Row[]> {
  const waits = block > 0 ? ["BLOCK", Math.min(Math.ceil(block), LONGEST_BLOCK_MS)] : [];
  const command = ["GROUP", GROUP, consumer, "COUNT", count, ...waits, "STREAMS", STREAM, ">"];
  return link.call(async (redis) => {
    const reply = await redis.call("xreadgroup", command).catch(async (error: unknown) => {
      if (!lostGroup(error)) throw error;
      await createGroup(redis);
      return redis.call("xreadgroup", command);
    });
    return firstStream(reply).map((entry) => rowOf(entry, 1));
  });
}

/** The group or its stream is gone: never made, FLUSHALL, or another server. `UNBLOCKED` comes from Redis before 7. */
function lostGroup(error: unknown): boolean {
  return error instanceof Error && /\b(NOGROUP|UNBLOCKED)\b/.test(error.message);
}

/** From 0, so that entries which were accepted while there was no group are read too. */
async function createGroup(redis: Redis): Promise<void> {
  await redis.xgroup("CREATE", STREAM, GROUP, "0", "MKSTREAM").catch((error: unknown) => {
    if (!(error instanceof Error && error.message.includes("BUSYGROUP"))) throw error;
  });
}

/** The reply is a list of streams, each a name and its entries; RESP3 sends it as a map, flattened here. */
function firstStream(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) return [];
  const entries = Array.isArray(reply[0]) ? reply[0][1] : reply[1];
  return Array.isArray(entries) ? entries : [];
}

/** An entry as the stream has it; a large body stands beside it. */
type Row = Omit<IntakeEntry, "body"> & { body: string | undefined };

async function withBodies(link: Link, rows: readonly Row[]): Promise<readonly IntakeEntry[]> {
  const beside = rows.flatMap(({ aside }) => aside ?? []);
  if (beside.length === 0) return rows.map((row) => ({ ...row, body: row.body ?? "" }));
  const texts = await link.call((redis) => redis.mget(beside.map((name) => keys.body(name))));
  const bodies = new Map(beside.map((name, at) => [name, texts[at] ?? ""]));
  return rows.map((row) => ({ ...row, body: row.body ?? bodies.get(row.aside ?? "") ?? "" }));
}

function rowsOf(reply: unknown): readonly Row[] {
  if (!Array.isArray(reply)) return [];
  return reply.map(([id, deliveries, fields]) => rowOf([id, fields], Number(deliveries)));
}

function rowOf(entry: unknown, deliveries: number): Row {
  const [id, flat] = Array.isArray(entry) ? entry : [];
  const fields = new Map(pairsOf(textsOf(flat)));
  const changed: unknown = JSON.parse(fields.get("c") ?? "[]");
  // An older version's entry, whose body has its id.
  const aside = fields.has("b") ? undefined : (fields.get("a") ?? String(id));
  return {
    id: String(id),
    source: (fields.get("s") ?? "") as SourceName,
    body: fields.get("b"),
    ...(aside !== undefined && { aside }),
    changed: [...new Set(textsOf(changed))],
    ...(fields.get("f") === "1" && { first: true }),
    acceptedAt: timeOf(String(id)),
    deliveries,
  };
}

/** Redis makes stream ids of its own milliseconds. */
function timeOf(id: string): number {
  return Number(id.slice(0, id.indexOf("-")));
}

async function backlog(link: Link): Promise<{ entries: number; oldestAge: number }> {
  const [entries, oldest, now] = textsOf(await link.call((redis) => runScript(redis, BACKLOG, [])));
  const oldestAge = oldest ? Math.max(0, Number(now) - timeOf(oldest)) : 0;
  return { entries: Number(entries), oldestAge };
}
