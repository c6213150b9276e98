import type { Instant } from "../time.ts";

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
  | { kind: "answer"; at: Instant; answer: "done" | "not-done" | "abort"; by: string }
  | { kind: "cancel"; at: Instant; by: string; reason: string }
  /** `by`: who closed the incident; absent where its alerts ended. */
  | { kind: "resolved"; at: Instant; by?: string };
