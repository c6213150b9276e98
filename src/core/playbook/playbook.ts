import type { Condition, Expectation, Template } from "../scope.ts";
import type { Severity } from "../severity.ts";
import type { Instant, Milliseconds } from "../time.ts";
import type { Bounds } from "./bounds.ts";
import type { Finding } from "./installation.ts";

/** How far a playbook may go alone, lowest first. */
export const AUTONOMY_LEVELS = ["observe", "approve", "auto"] as const;
export type Autonomy = (typeof AUTONOMY_LEVELS)[number];
/** What may follow when a run fails. */
export const ON_FAILURE = ["revert", "next-playbook", "escalate"] as const;

/** One Alertmanager matcher, compiled; a missing label is the empty string; regular expressions are RE2, anchored. */
export type Matcher = {
  label: string;
  operator: "=" | "!=" | "=~" | "!~";
  value: string;
  test(labels: Readonly<Record<string, string>>): boolean;
};

export type ApprovalPolicy = {
  group: string;
  required: number;
  requesterMayApprove: boolean;
  expires: Milliseconds;
  /** A grant lapses unless the first effect under it has begun within this time (section 14.7). */
  validFor: Milliseconds;
  onExpiry: "deny" | "escalate";
  /** Runs unless someone objects within this time; reversible steps only. */
  veto?: Milliseconds;
};

/** At most `runs` in any window of `per`. */
export type BudgetWindow = { runs: number; per: Milliseconds };

export type LeaseTerms = {
  /** Exactly one of `for` and `until` is set. */
  for?: Milliseconds;
  until?: Template<Instant>;
  releaseWhen: readonly Condition[];
  bake?: Milliseconds;
  /** What the YAML key `then` says. */
  onEnd: { kind: "revert" } | { kind: "playbook"; name: string };
};

type StepCommon = { id: string; name?: string; if?: Condition };

/** One call of one action. */
export type ActionStep = StepCommon & {
  kind: "action";
  uses: string;
  with: Template<Readonly<Record<string, unknown>>>;
  /** Inputs that may be pending when people are asked, as they stay within bounds; `rest` renders the others. */
  boundedBy?: { bounds: Bounds; rest: Template<Readonly<Record<string, unknown>>> };
  timeout: Milliseconds;
  retry: { attempts: number; delay: Milliseconds; backoff: "constant" | "exponential" };
  continueOnError: boolean;
  lease?: LeaseTerms;
  /** May only tighten the playbook's policy. */
  approval?: { askUnless?: Condition; required?: number };
  /** Steps that share it complete or are reverted together. */
  group?: string;
};

/** Ordered cases; the first whose `when` holds is taken. */
export type SwitchStep = StepCommon & {
  kind: "switch";
  cases: readonly { when: Condition; steps: readonly Step[] }[];
  default: readonly Step[];
};

/** Read steps only, bounded. */
export type ParallelStep = StepCommon & { kind: "parallel"; steps: readonly ActionStep[] };

/** Progressive rounds over `items`; `as` names the item in expressions. */
export type ForEachStep = StepCommon & {
  kind: "for-each";
  items: Template<readonly unknown[]>;
  as: string;
  steps: readonly Step[];
  wait?: Milliseconds;
  verify?: Verify;
};

export type WaitStep = StepCommon & { kind: "wait"; for: Milliseconds };

export type Step = ActionStep | SwitchStep | ParallelStep | ForEachStep | WaitStep;

/** One recovery check: an action's output against an expectation, with enough samples behind it. */
export type VerifyCheck = {
  uses: string;
  with: Template<Readonly<Record<string, unknown>>>;
  expect: Expectation;
  minSamples?: MinSamples;
};

/** Samples that are counted by `prometheus.query`; without `connection` where such a check measures, or else by the only one. */
export type MinSamples = { query: Template<string>; connection?: Template<string>; atLeast: number };

/** The action that counts samples. */
export const COUNTED_BY = "prometheus.query";

export type Verify = { checks: readonly VerifyCheck[]; every: Milliseconds; hold: Milliseconds; within: Milliseconds };

/** A loaded, checked playbook. `digest` is SHA-256 of `text`; a run keeps the text it started with. */
export type Playbook = {
  name: string;
  description: string;
  runbook?: string;
  owner?: string;
  match: readonly Matcher[];
  severity: readonly Severity[];
  /** Higher first. */
  priority: number;
  vars: Readonly<Record<string, Template>>;
  target: Template<string>;
  alsoTargets: readonly Template<string>[];
  autonomy: Readonly<Partial<Record<Severity, Autonomy>>>;
  approval?: Partial<ApprovalPolicy>;
  limits: { cooldown?: Milliseconds; budget: readonly BudgetWindow[] };
  steps: readonly Step[];
  verify?: Verify;
  onFailure: readonly (typeof ON_FAILURE)[number][];
  on: "firing" | "recovered" | "manual";
  /** What this installation lacks for it; absent when it lacks nothing. */
  findings?: readonly Finding[];
  file: string;
  text: string;
  digest: string;
};
