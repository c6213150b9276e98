import type { SourceName } from "../core/alert.ts";
import type { Intake } from "../core/intake.ts";
import type { Instant } from "../core/time.ts";

/** What both adapters offer beyond the port: the cheap way for repeats, and retention. */
export type RetainedIntake = Intake & {
  /**
   * Asks by the body's digest alone whether this is what its group sent last; then nothing needs to be parsed.
   * Undefined: not known here, so parse it and `accept`. @throws AppError `unavailable`.
   */
  repeated(source: SourceName, body: Buffer): Promise<{ accepted: number; unchanged: number } | undefined> | undefined;
  /** Forgets closed episodes and silent groups not seen since; returns how many episodes. */
  forget(before: Instant): Promise<number>;
};
