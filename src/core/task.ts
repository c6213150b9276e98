import type { Instant } from "./time.ts";

/** Something a person is asked to do and to say that it is done (document kind `task`). */
export type Task = {
  id: string;
  runId: string;
  incidentId?: string;
  ask: string;
  status: "open" | "done";
  createdAt: Instant;
  doneAt?: Instant;
  by?: string;
  answer?: string;
};
