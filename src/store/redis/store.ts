import type { Claim, Committed, Store, Tx } from "../../core/store.ts";
import type { Milliseconds } from "../../core/time.ts";
import { isBehindSeal, readItems } from "../forms/items.ts";
import type { PlainReads } from "../reads.ts";
import { commits } from "./commits.ts";
import { guardValues } from "./guard-script.ts";
import { keys } from "./keys.ts";
import type { Link } from "./link.ts";
import { pageReads } from "./page-reads.ts";
import { CLAIM, LOAD_RUN, PAUSES, SPENT } from "./read-scripts.ts";
import { confirmReplicas } from "./replicas.ts";
import { countOf, docOf, pairsOf, pauseOf, textsOf } from "./replies.ts";
import { runScript, type Script, type ScriptArgument } from "./script.ts";

/** `durable` is the connection of commits that wait for `replicas`; both absent unless `durability` is `wait:N`. */
export type StoreLinks = { main: Link; durable?: { link: Link; replicas: number } };

/** The store in Redis. Every change is the one transaction script; reads of several keys are one round trip. */
export function redisStore(links: StoreLinks): Store {
  const { main, durable } = links;
  const commit = commits(main);
  const kept = durable && commits(durable.link);
  return {
    commit: (tx) => (tx.durable && durable && kept ? commitDurably(kept, durable, tx) : commit(tx)),
    claim: (run, forMs, ifDue) => claim(main, run, { forMs, ifDue }),
    next: (counter) => main.call((redis) => redis.incr(keys.counter(counter))),
    ...reads(main),
    ...pageReads(main),
    ...guardReads(main),
    guardValues: (reads) => guardValues(main, reads),
  };
}

async function commitDurably(
  commit: Store["commit"],
  durable: { link: Link; replicas: number },
  tx: Tx,
): Promise<Committed> {
  const committed = await commit(tx);
  if (committed.ok) await confirmReplicas(durable.link, durable.replicas);
  return committed;
}

type Claiming = { forMs: Milliseconds; ifDue: string | undefined };

async function claim(link: Link, id: string, { forMs, ifDue }: Claiming): Promise<Claim | undefined> {
  const reply = await run(link, CLAIM, [id, Math.round(forMs), ...(ifDue === undefined ? [] : [ifDue])]);
  if (!Array.isArray(reply)) return undefined;
  const [epoch, until, now] = reply.map(Number);
  return { run: id, epoch: epoch ?? 0, until: until ?? 0, now: now ?? 0 };
}

function run(link: Link, script: Script, args: readonly ScriptArgument[]): Promise<unknown> {
  return link.call((redis) => runScript(redis, script, args));
}

function reads(link: Link): PlainReads {
  return {
    async now() {
      const [seconds = 0, micros = 0] = (await link.call((redis) => redis.time())).map(Number);
      return seconds * 1000 + Math.floor(micros / 1000);
    },
    get: async (kind, id) => docOf(kind, await link.call((redis) => redis.get(keys.doc(kind, id)))),
    async getMany(kind, ids) {
      if (ids.length === 0) return [];
      const docs = await link.call((redis) => redis.mget(ids.map((id) => keys.doc(kind, id))));
      return docs.map((doc) => docOf(kind, doc));
    },
    field: async (hash, field) => (await link.call((redis) => redis.hget(keys.hash(hash), field))) ?? undefined,
    fields: (hash) => link.call((redis) => redis.hgetall(keys.hash(hash))),
    async list<T extends object>(list: string, from = 0, count?: number) {
      if (count === 0) return [];
      const last = count === undefined ? -1 : from + count - 1;
      const read = (first: number) => link.call((redis) => redis.lrange(keys.list(list), first, last));
      const texts = await read(from);
      if (!isBehindSeal(texts)) return readItems<T>(list, texts).slice(0, count);
      return readItems<T>(list, await read(0)).slice(from, last < 0 ? undefined : last + 1);
    },
    length: (list) => link.call((redis) => redis.llen(keys.list(list))),
    members: (set) => link.call((redis) => redis.smembers(keys.set(set))),
    some: (set, count) => link.call((redis) => redis.srandmember(keys.set(set), count)),
    size: (set) => link.call((redis) => redis.scard(keys.set(set))),
    async loadRun(id) {
      const reply = await run(link, LOAD_RUN, [id]);
      const [events, inbox, now] = Array.isArray(reply) ? reply : [];
      const [journal, decisions] = [`run:${id}`, `inbox:${id}`];
      return {
        events: readItems(journal, textsOf(events)),
        inbox: readItems(decisions, textsOf(inbox)),
        now: countOf(now),
      };
    },
  };
}

function guardReads(link: Link): Pick<Store, "locks" | "spent" | "remaining" | "pauses"> {
  return {
    async locks(names) {
      if (names.length === 0) return {};
      const owners = await link.call((redis) => redis.hmget(keys.locks, ...names));
      const held = names.flatMap((name, at): [string, string][] => {
        const owner = owners[at];
        return owner == null ? [] : [[name, owner]];
      });
      return Object.fromEntries(held);
    },
    spent: async (budget, per) => countOf(await run(link, SPENT, [budget, Math.round(per)])),
    remaining: async (marker) => Math.max(0, await link.call((redis) => redis.pttl(keys.mark(marker)))),
    pauses: async () => pairsOf(textsOf(await run(link, PAUSES, []))).map(([scope, doc]) => pauseOf(scope, doc)),
  };
}
