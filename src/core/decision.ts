import type { Milliseconds } from "./time.ts";

/** What an API token or a chat user may do: viewer reads; operator also decides, runs and pauses; admin also reloads and resets. */
export const ROLES = ["viewer", "operator", "admin"] as const;
export type Role = (typeof ROLES)[number];

export type Surface = "slack" | "api" | "cli" | "console" | "stanch";

/** Who wants something. `person` is set when `approvals.people` maps the Slack user or token to one. */
export type Actor = {
  /** Shown on the timeline: `anna`, `slack:U012ABC`, `token:oncall-cli`. */
  name: string;
  via: Surface;
  role: Role;
  person?: string;
  slackUser?: string;
  apiToken?: string;
};

/** Everything people can decide; all of it goes through one function with one permission check. */
export type Decision =
  /** `keep`: without the lease that would undo it, where the approval offers that. */
  | { verb: "approve"; approval: string; keep?: true; reason?: string }
  | { verb: "reject"; approval: string; reason?: string }
  | { verb: "answer"; run: string; answer: "done" | "not-done" | "abort"; reason?: string }
  | { verb: "cancel"; run: string; reason?: string }
  /** `extensions`: how often it had been extended as far as the person could see; where it has been since, nothing is decided. */
  | { verb: "extend"; lease: string; for: Milliseconds; extensions?: number }
  | { verb: "revert"; lease: string; reason?: string }
  | { verb: "ack"; incident: string }
  | { verb: "take"; incident: string }
  | { verb: "release"; incident: string }
  | { verb: "close"; incident: string; reason?: string }
  | { verb: "complete"; task: string; answer?: string }
  | { verb: "reset"; playbook: string }
  | { verb: "pause"; scope: string; for?: Milliseconds; reason?: string }
  | { verb: "resume"; scope: string }
  /** `once`: of several with one such text, in whichever process they arrive, the first alone starts a run. */
  | { verb: "run"; playbook: string; vars: Readonly<Record<string, string>>; incident?: string; once?: string };

/** `sentence` is for the person who asked: what happened, or why not and who may. `id` is what was made, if anything. */
export type Decided =
  | { ok: true; sentence: string; id?: string }
  | { ok: false; code: "forbidden" | "not_found" | "conflict" | "invalid_request" | "unavailable"; sentence: string };
