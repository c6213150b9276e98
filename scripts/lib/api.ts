/** What `demo` and the end-to-end tests read of the API's answers; docs/api.md has all of it. Times are ISO 8601. */
export type Items<T> = { items: readonly T[] };

export type ApiAlert = {
  id: string;
  source: string;
  state: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  incidentId: string | null;
  explanation: { sentence: string; facts: Readonly<Record<string, number | null>> } | null;
};

export type ApiIncident = { id: string; title: string; severity: string; status: string };

export type ApiRun = {
  id: string;
  playbook: string;
  target: string;
  state: { kind: string; reason?: string };
  sentence: string;
  endedAt: string | null;
};

export type ApiApproval = {
  id: string;
  playbook: string;
  status: string;
  steps: readonly { describe: string; undo?: string }[];
  votes: readonly { by: string; person: string; decision: string }[];
};

export type ApiLease = { id: string; describe: string; status: string; endsAt: string };

export type ApiEntry = { seq: number; at: string; kind: string; text: string; by: string };
