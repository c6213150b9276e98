import type { ConnectionKind, ConnectionSettings } from "./connection.ts";
import type { Role } from "./decision.ts";
import type { ApprovalPolicy, Autonomy, BudgetWindow, Matcher } from "./playbook/playbook.ts";
import type { Condition, Template } from "./scope.ts";
import type { Level } from "./severity.ts";
import type { Milliseconds } from "./time.ts";

/** A fact: measured only for alerts that match, cached by its rendered query. */
export type FactRule = {
  name: string;
  match: readonly Matcher[];
  query?: Template<string>;
  /** The Prometheus that is asked; absent: the only one. */
  connection?: string;
  /** CEL over the alert, used when the query gives nothing. */
  fallback?: Template<number>;
  maxAge: Milliseconds;
};

/** First match wins; `for` counts from the episode's opening. */
export type SeverityRule = { level: Level; when: Condition; for: Milliseconds };

export type SourceSettings = {
  alertmanager?: WebhookAuth;
  grafana?: WebhookAuth | { kind: "hmac"; secret: string; timestampHeader?: string };
  cloudwatch?: { topics: readonly string[]; allowSignatureVersion1: boolean };
  eventbridge?: WebhookAuth;
};
export type WebhookAuth =
  | { kind: "bearer"; token: string }
  | { kind: "basic"; username: string; password: string }
  | { kind: "none" };

export type ApiToken = { name: string; role: Role; token: string };

export type ApprovalGroup = {
  people: readonly string[];
  slackUsers: readonly string[];
  slackUserGroups: readonly string[];
  apiTokens: readonly string[];
};

export type ApprovalSettings = {
  /** Person → their Slack user and API token, so that one person counts once. */
  people: Readonly<Record<string, { slack?: string; token?: string }>>;
  groups: Readonly<Record<string, ApprovalGroup>>;
  default: ApprovalPolicy;
};

export type EscalationLevel = {
  after: Milliseconds;
  when: "needs-person" | "unmitigated";
  severities: readonly string[];
  notify: readonly string[];
};

/** A time in which nothing is changed: from each match of `cron` (in `tz`) for so long; severities in `allow` are exempt. */
export type FreezeWindow = { cron: string; for: Milliseconds; tz: string; allow: readonly string[]; reason: string };

/** Where reports and logs go; paths are relative to the working directory. */
export type ReportSettings = {
  directory: string;
  decisionLog?: string;
  incidentsLog?: string;
  postMortemWithin: Milliseconds;
  /** The `CHAPTER` of decision-log lines. */
  chapter: string;
};

/** `no-aof`: Redis keeps nothing over a restart. `eviction`: Redis may delete what was accepted when its memory is full. */
export const REDIS_RISKS = ["no-aof", "eviction"] as const;
export type RedisRisk = (typeof REDIS_RISKS)[number];

/** `stanch.yaml` and the environment, parsed, checked and frozen. Secrets are filled in: never log or serialise it. */
export type Config = {
  file: string;
  vars: Readonly<Record<string, unknown>>;
  autonomy: Autonomy;
  sources: SourceSettings;
  api: { tokens: readonly ApiToken[] };
  incidents: {
    correlateBy: readonly string[];
    reopenWithin: Milliseconds;
    bake: Milliseconds;
    maxRuns: number;
    /** How often open incidents are assessed again. */
    reassessEvery: Milliseconds;
    staleAfter: Milliseconds;
  };
  facts: readonly FactRule[];
  severity: readonly SeverityRule[];
  limits: {
    budget: readonly BudgetWindow[];
    /** Of each target, whatever playbooks change it. */
    targetBudget: readonly BudgetWindow[];
    maxConcurrentRuns: number;
    maxTargetsPerStep: number;
    fleetFraction: number;
    fleetMin: number;
    flapping: { changes: number; per: Milliseconds };
  };
  freeze: readonly FreezeWindow[];
  approvals: ApprovalSettings;
  reports?: ReportSettings;
  escalation: readonly EscalationLevel[];
  slack: {
    channel: string;
    routes: readonly { match: readonly Matcher[]; channel: string; private: boolean }[];
    /** A channel of its own for incidents of these severities; `invite` names approval groups. */
    incidentChannel?: { severities: readonly string[]; prefix: string; invite: readonly string[] };
  };
  retention: Milliseconds;
  maxBody: number;
  /** What the operator has said may be wrong with the Redis; absent: nothing. */
  acceptedRisks?: readonly RedisRisk[];
  durability: { kind: "everysec" } | { kind: "wait"; replicas: number } | { kind: "aof-always" };
  connections: { readonly [K in ConnectionKind]: Readonly<Record<string, ConnectionSettings[K]>> };
  environment: {
    port: number;
    redisUrl?: string;
    playbooks: string;
    logLevel: string;
    slack?: { botToken: string; signingSecret?: string; appToken?: string; apiUrl?: string };
  };
};
