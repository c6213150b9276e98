import type { Alert, AlertStatus, SourceName } from "./alert.ts";
import type { Instant } from "./time.ts";

/** The part of an episode that the accept script compares and keeps for every fingerprint. */
export type EpisodeState = {
  status: AlertStatus;
  /** Counts the openings of this fingerprint; the first episode has 1. */
  opening: number;
  /** Redis time of the opening. */
  openedAt: Instant;
  /** Redis time of the last body that carried it. */
  lastSeen: Instant;
  startsAt: Instant;
  endsAt?: Instant;
  /** A firing that came after a resolved which it does not outlive (section 14.1); its runs ask. */
  doubtful: boolean;
};

/** Identity of an episode, printable and usable in a URL: `alertmanager-4f0e…-1` (source, fingerprint, opening). */
export function episodeId(source: SourceName, fingerprint: string, opening: number): string {
  return `${source}-${fingerprint}-${opening}`;
}

/** What assessment has made of an episode. */
export type Assessment =
  | "unassessed"
  | "unmatched" // an incident, and no playbook
  | "none" // severity none: recorded, no incident
  | "matched"
  | "poison"; // could not be assessed in 5 deliveries

/** Why a playbook was or was not chosen for an alert. */
export type MatchNote = { playbook: string; matched: boolean; reason: string };

/** Why an alert led where it led; shown by `GET /api/v1/alerts/:id`. */
export type Explanation = {
  at: Instant;
  facts: Readonly<Record<string, number | null>>;
  /** Each severity rule that was looked at, in order, with what it answered. */
  severity: readonly { rule: number; level: string; answer: "match" | "no" | "unknown" | "not-yet"; reason: string }[];
  level: string;
  playbooks: readonly MatchNote[];
  sentence: string;
};

/** The stored record of one episode (document kind `alert`). */
export type AlertRecord = {
  id: string;
  source: SourceName;
  alert: Alert;
  state: EpisodeState;
  truncated: boolean;
  assessment: Assessment;
  incidentId?: string;
  explanation?: Explanation;
  /** Set when no body has carried it for `stale-after`: what its source answered when asked whether it still fires. */
  stale?: { askedAt: Instant; answer: "firing" | "unreadable" };
  /** Stream entry that the labels and annotations came from; an older entry never overwrites a newer one. */
  entry: string;
};
