import type { Config } from "../../core/config.ts";
import type { Store } from "../../core/store.ts";
import type { RetainedIntake } from "../retained-intake.ts";
import { acceptance } from "./accept.ts";
import { episodeReads } from "./episodes.ts";
import { type Link, type LinkKind, openLink } from "./link.ts";
import { streamReader } from "./reader.ts";
import { followingReplicas } from "./replicas.ts";
import { checkServer, type Finding, type ServerCheckOptions } from "./server-check.ts";
import { redisStore } from "./store.ts";

export type { Finding } from "./server-check.ts";

/** `durability` as configured: `wait:N` makes accept and durable commits wait for N replicas. */
export type RedisStoreOptions = {
  url: string;
  durability: Config["durability"];
  /** Told of each connection error, for the log; reconnecting goes on by itself. */
  onTrouble?: (error: Error) => void;
};

export type RedisBackend = {
  store: Store;
  intake: RetainedIntake;
  /** What stands against starting on this server. @throws AppError `unavailable`. */
  check(options?: Pick<ServerCheckOptions, "acceptedRisks">): Promise<readonly Finding[]>;
  /** How many replicas follow now. @throws AppError `unavailable`. */
  replicas(): Promise<number>;
  close(): Promise<void>;
};

/**
 * Store and intake over one Redis, on up to four connections: commands, accept, durable commits, blocking reads.
 * It connects at once and reconnects for ever; while Redis is away every method throws AppError `unavailable` within 2 s.
 */
export function connectRedisStore({ url, durability, onTrouble }: RedisStoreOptions): RedisBackend {
  const links: Link[] = [];
  const open = (kind: LinkKind): Link => {
    const link = openLink({ url, kind, onTrouble });
    links.push(link);
    return link;
  };
  const main = open("commands");
  const replicas = durability.kind === "wait" ? durability.replicas : 0;
  const durable = replicas > 0 ? { durable: { link: open("commands"), replicas } } : {};
  let blocking: Link | undefined;
  const reader = streamReader({
    main,
    blocking: () => {
      blocking ??= open("blocking");
      return blocking;
    },
  });
  return {
    store: redisStore({ main, ...durable }),
    intake: { ...acceptance(open("batches"), replicas), ...reader, ...episodeReads(main) },
    check: (options) => checkServer(main, { durability, ...options }),
    replicas: () => followingReplicas(main),
    async close() {
      await Promise.all(links.map((link) => link.close()));
    },
  };
}
