import { z } from "zod";

/*
 * What the commands print of the API's answers. Loose: fields that are not printed are not read, so a newer server is no fault.
 */

const time = z.string().nullish();
const list = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().nullish() });

const State = z.object({
  kind: z.string(),
  approvalId: z.string().nullish(),
  reason: z.string().nullish(),
  question: z.string().nullish(),
  until: time,
  expiresAt: time,
});

const Step = z.object({
  path: z.string(),
  uses: z.string().nullish(),
  state: z.string(),
  outcome: z.string().nullish(),
  message: z.string().nullish(),
  reason: z.string().nullish(),
});

export const Run = z.object({
  id: z.string(),
  playbook: z.string(),
  runbook: z.string().nullish(),
  incidentId: z.string().nullish(),
  target: z.string(),
  state: State,
  autonomy: z.string(),
  severity: z.string(),
  steps: z.array(Step),
  startedAt: time,
  endedAt: time,
  sentence: z.string(),
});
export type Run = z.infer<typeof Run>;

export const Alert = z.object({
  id: z.string(),
  source: z.string(),
  status: z.string(),
  state: z.string(),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  openedAt: time,
  lastSeen: time,
  incidentId: z.string().nullish(),
  explanation: z
    .object({
      sentence: z.string(),
      level: z.string(),
      playbooks: z.array(z.object({ playbook: z.string(), matched: z.boolean(), reason: z.string() })),
    })
    .nullish(),
});
export type Alert = z.infer<typeof Alert>;

export const Approval = z.object({
  id: z.string(),
  runId: z.string(),
  incidentId: z.string().nullish(),
  playbook: z.string(),
  runbook: z.string().nullish(),
  target: z.string(),
  severity: z.string(),
  status: z.string(),
  policy: z.object({ group: z.string(), required: z.number(), veto: z.string().nullish() }),
  why: z.array(z.string()),
  steps: z.array(
    z.object({
      path: z.string(),
      uses: z.string(),
      effect: z.string(),
      describe: z.string(),
      undo: z.string().nullish(),
    }),
  ),
  offersKeep: z.boolean().nullish(),
  votes: z.array(
    z.object({ by: z.string(), via: z.string(), decision: z.string(), keep: z.boolean().nullish(), at: time }),
  ),
  requestedAt: time,
  expiresAt: time,
  vetoEndsAt: time,
});
export type Approval = z.infer<typeof Approval>;

export const Lease = z.object({
  id: z.string(),
  runId: z.string(),
  incidentId: z.string().nullish(),
  playbook: z.string(),
  target: z.string(),
  describe: z.string(),
  status: z.string(),
  createdAt: time,
  endsAt: time,
  attempts: z.number().default(0),
  failure: z.string().nullish(),
});
export type Lease = z.infer<typeof Lease>;

export const Incident = z.object({
  id: z.string(),
  key: z.string(),
  title: z.string(),
  severity: z.string(),
  status: z.string(),
  openedAt: time,
  resolvedAt: time,
  firing: z.number(),
  total: z.number(),
  acknowledged: z.object({ by: z.string(), at: time, until: time }).nullish(),
  taken: z.object({ by: z.string(), at: time }).nullish(),
  episodes: z.array(Alert),
  runs: z.array(Run),
  approvals: z.array(Approval),
  leases: z.array(Lease),
  paused: z.array(z.object({ scope: z.string(), by: z.string(), reason: z.string() })),
});
export type Incident = z.infer<typeof Incident>;

export const Entry = z.object({ seq: z.number(), at: time, kind: z.string(), text: z.string(), by: z.string() });
export type Entry = z.infer<typeof Entry>;

export const Pause = z.object({ scope: z.string(), by: z.string(), reason: z.string(), at: time, until: time });
export type Pause = z.infer<typeof Pause>;

export const Task = z.object({
  id: z.string(),
  runId: z.string(),
  incidentId: z.string().nullish(),
  ask: z.string(),
  status: z.string(),
  createdAt: time,
});
export type Task = z.infer<typeof Task>;

export const Plan = z.object({
  alerts: z.array(
    z.object({
      labels: z.record(z.string(), z.string()),
      level: z.string(),
      incidentKey: z.string().nullish(),
      sentence: z.string(),
      playbooks: z.array(z.object({ playbook: z.string(), matched: z.boolean(), reason: z.string() })),
    }),
  ),
  runs: z.array(
    z.object({
      playbook: z.string(),
      target: z.string(),
      autonomy: z.string(),
      severity: z.string(),
      steps: z.array(
        z.object({
          path: z.string(),
          uses: z.string().nullish(),
          effect: z.string().nullish(),
          describe: z.string(),
          note: z.string().nullish(),
        }),
      ),
    }),
  ),
  remarks: z.array(z.string()).default([]),
});
export type Plan = z.infer<typeof Plan>;

export const Decided = z.object({ id: z.string().nullable(), sentence: z.string() });

export const Incidents = list(Incident);
export const Runs = list(Run);
export const Approvals = list(Approval);
export const Leases = list(Lease);
export const Tasks = list(Task);
export const Pauses = list(Pause);
export const Entries = list(Entry);
