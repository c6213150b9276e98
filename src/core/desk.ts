import type { Approval } from "./approval.ts";
import type { Actor, Decided, Decision } from "./decision.ts";
import type { AlertRecord } from "./episode.ts";
import type { Incident } from "./incident.ts";
import type { Lease } from "./lease.ts";
import type { Bounds } from "./playbook/bounds.ts";
import type { Pause } from "./store.ts";
import type { Task } from "./task.ts";
import type { Instant } from "./time.ts";
import type { TimelineEntry } from "./timeline.ts";
import type { IncidentView, Page, RunView } from "./views.ts";

export type PageQuery = { limit: number; cursor?: string };

/** A row of `GET /api/v1/playbooks`. */
export type PlaybookRow = {
  name: string;
  description: string;
  on: string;
  severity: readonly string[];
  autonomy: Readonly<Record<string, string>>;
  priority: number;
  file: string;
  demoted: boolean;
  /** As the playbook says. */
  runbook?: string;
  owner?: string;
  /** Why it cannot run in this installation: `no ecs connection; …`. */
  unusable?: string;
};

/** The plan for one webhook body: nothing is stored and nothing is called but fact queries. */
export type Plan = {
  alerts: readonly {
    fingerprint: string;
    labels: Readonly<Record<string, string>>;
    level: string;
    incidentKey?: string;
    sentence: string;
    playbooks: readonly { playbook: string; matched: boolean; reason: string }[];
  }[];
  runs: readonly {
    playbook: string;
    target: string;
    autonomy: string;
    severity: string;
    steps: readonly {
      path: string;
      uses?: string;
      effect?: string;
      describe: string;
      input?: unknown;
      /** What inputs that are not known yet may become without being asked about again. */
      bounds?: Bounds;
      note?: string;
    }[];
  }[];
  /** Why playbooks that match would not run. */
  remarks?: readonly string[];
};

/** Something a person wrote or marked in the chat; `origin` goes to the timeline's entry. */
export type Note = { at: Instant; text: string; key: string; origin?: "thread" };

/** What the surfaces (HTTP API, chat, CLI) can see and do; the flow provides it. Every method reads the store anew. */
export type Desk = {
  decide(actor: Actor, decision: Decision): Promise<Decided>;
  plan(source: string, body: string): Promise<Plan>;
  /** Newest first; `status` filters. */
  incidents(query: PageQuery & { status?: string }): Promise<Page<Incident>>;
  incident(id: string): Promise<IncidentView | undefined>;
  timeline(incident: string, from?: number): Promise<readonly TimelineEntry[]>;
  report(incident: string): Promise<string | undefined>;
  alerts(query: PageQuery & { state?: string }): Promise<Page<AlertRecord>>;
  alert(id: string): Promise<AlertRecord | undefined>;
  runs(query: PageQuery & { state?: string; incident?: string }): Promise<Page<RunView>>;
  run(id: string): Promise<RunView | undefined>;
  approvals(query: PageQuery & { status?: string }): Promise<Page<Approval>>;
  approval(id: string): Promise<Approval | undefined>;
  leases(query: PageQuery & { status?: string }): Promise<Page<Lease>>;
  /** What people are asked to do; without it there are none. */
  tasks?(query: PageQuery & { status?: string }): Promise<Page<Task>>;
  playbooks(): Promise<readonly PlaybookRow[]>;
  pauses(): Promise<readonly Pause[]>;
  /** What starting this playbook by hand would do; nothing is stored. @throws AppError `not_found`, `invalid_request`. */
  preview?(playbook: string, vars: Readonly<Record<string, string>>): Promise<Plan>;
  /** Puts what a person wrote into the incident's timeline, once per `key`. */
  note?(actor: Actor, incident: string, note: Note): Promise<Decided>;
};
