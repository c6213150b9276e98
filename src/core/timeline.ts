import type { Instant } from "./time.ts";

/** The field's word for what kind of line it is; the chat picks an icon by it. */
export type TimelineKind =
  | "alert"
  | "severity"
  | "incident"
  | "plan"
  | "run"
  | "step"
  | "guard"
  | "approval"
  | "verify"
  | "lease"
  | "revert"
  | "decision"
  | "escalation"
  | "message"
  | "report";

/** One line of an incident's record, for people. Its sequence number is its place in the list, from 0. */
export type TimelineEntry = {
  at: Instant;
  kind: TimelineKind;
  /** A whole sentence; alert text in it is data and is escaped by whoever prints it. */
  text: string;
  /** Who did it: a person, `stanch`, or a source. */
  by: string;
  runId?: string;
  /** Whom an escalation calls, as `stanch.yaml` names them: `slack:@platform-oncall`; the chat turns it into mentions. */
  notify?: readonly string[];
  /** Set on what people wrote in the incident's own thread, so that the chat does not repeat it there. */
  origin?: "thread";
};
