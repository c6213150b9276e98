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
