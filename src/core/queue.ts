import type { Milliseconds } from "./time.ts";

/** The two BullMQ queues: `run` wakes runs, leases, incidents and approvals; `notify` wakes chat publishing. */
export const QUEUE_NAMES = ["run", "notify"] as const;
export type QueueName = (typeof QUEUE_NAMES)[number];

/** `chat:ID` goes to `notify`, everything else to `run`. */
export function queueOf(member: string): QueueName {
  return member.startsWith("chat:") ? "notify" : "run";
}

/**
 * Called for each wake-up. `signal` aborts when the worker lost its lock or its grace period is over: stop at once.
 * `draining` aborts earlier, when shutdown begins: finish the step at hand, begin no other.
 */
export type WakeHandler = (member: string, signal: AbortSignal, draining: AbortSignal) => Promise<void>;

/**
 * Wake-ups only; the truth is the store's `due` set, so a lost, repeated or spurious one changes nothing.
 * `wake` never throws: a wake-up that could not be queued is found by the sweeper.
 */
export type Queue = {
  /** `sequence` makes the job id: the same member and sequence are queued once. */
  wake(member: string, sequence: number, delay?: Milliseconds): Promise<void>;
  /** Starts taking wake-ups of these queues, at most `concurrency` at a time each. */
  work(names: readonly QueueName[], concurrency: number, handler: WakeHandler): Promise<void>;
  /** Sends a canary job through the queue and waits for a worker to take it; false after `within`. */
  canary(name: QueueName, within: Milliseconds): Promise<boolean>;
  depth(name: QueueName): Promise<number>;
  stop(grace: Milliseconds): Promise<void>;
};
