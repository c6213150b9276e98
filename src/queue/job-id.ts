import { digestOf } from "../core/hash.ts";

/**
 * The job id of a wake-up: a hash, because BullMQ refuses ids with a colon and ids of digits only.
 * The same member and sequence give the same id, and BullMQ keeps one job per id.
 */
export function jobIdOf(member: string, sequence: number): string {
  return `w${digestOf(member, String(sequence)).slice(0, 24)}`;
}
