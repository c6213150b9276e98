import { idOf } from "./hash.ts";
import type { Instant } from "./time.ts";

/** The action that asks for one. */
export const HUMAN_TASK = "human.task";

/**
 * Something a person is asked to do and to say that it is done (document kind `task`). It is withdrawn when its step ends without
 * their answer: nobody waits for it then.
 */
export type Task = {
  id: string;
  runId: string;
  incidentId?: string;
  ask: string;
  status: "open" | "done" | "withdrawn";
  createdAt: Instant;
  doneAt?: Instant;
  withdrawnAt?: Instant;
  by?: string;
  answer?: string;
};

/** The task that a step asks for: a repeated call finds the first one. */
export function taskId(stepKey: string): string {
  return idOf("tsk", stepKey);
}
