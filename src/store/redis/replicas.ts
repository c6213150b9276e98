import { AppError } from "../../core/errors.ts";
import type { Link } from "./link.ts";

/** How long replicas have to confirm what this connection has written. */
export const REPLICAS_WITHIN_MS = 1_000;

/**
 * WAIT for what this connection wrote last (`durability: wait:N`).
 * @throws AppError `unavailable` when fewer replicas confirmed: the write stands, but must not be answered as kept.
 */
export async function confirmReplicas(link: Link, replicas: number): Promise<void> {
  const confirmed = await link.call((redis) => redis.wait(replicas, REPLICAS_WITHIN_MS));
  if (confirmed >= replicas) return;
  const message = `storing at Redis ${link.address}: ${confirmed} of ${replicas} replicas confirmed within ${REPLICAS_WITHIN_MS} ms; check replication, or lower durability`;
  throw new AppError("unavailable", message);
}

/** A replica reports every second; one that has been silent for longer would not confirm in time. */
const LONGEST_LAG_SECONDS = 5;

/** How many replicas are online and were heard of lately: what WAIT can hope for. @throws AppError `unavailable`. */
export async function followingReplicas(link: Link): Promise<number> {
  const text = await link.call((redis) => redis.info("replication"));
  const replicas = text.split("\r\n").filter((line) => /^slave\d+:/.test(line));
  return replicas.filter(isFollowing).length;
}

/** Of a line such as `slave0:ip=10.0.0.7,port=6379,state=online,offset=4711,lag=0`. */
function isFollowing(line: string): boolean {
  const lag = /\blag=(\d+)/.exec(line)?.[1];
  return line.includes("state=online") && lag !== undefined && Number(lag) <= LONGEST_LAG_SECONDS;
}
