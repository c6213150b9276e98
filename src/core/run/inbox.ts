import type { Instant } from "../time.ts";
import type { StepPath } from "./events.ts";

/** What people and the clock put before a run; appended to the list `inbox:RUN` and taken in order. */
export type InboxItem =
  | {
      kind: "approval";
      at: Instant;
      approvalId: string;
      status: "approved" | "rejected" | "expired" | "withdrawn";
      by: string;
      reason: string;
      /** Who chose that nothing of it is undone. */
      keptBy?: string;
    }
  /** `path`: the step that was asked about; items that are older than it have none. */
  | {
      kind: "answer";
      at: Instant;
      answer: "done" | "not-done" | "abort";
      by: string;
      path?: StepPath;
      reason?: string;
    }
  | { kind: "cancel"; at: Instant; by: string; reason: string }
  /** `by`: who closed the incident; absent where its alerts ended. `handsOff`: it was taken over or paused, so nothing more is changed. */
  | { kind: "resolved"; at: Instant; by?: string; handsOff?: true };
