import type { ActionTable } from "../../core/action.ts";
import type { Config } from "../../core/config.ts";
import type { Connections } from "../../core/connection.ts";
import type { Incident } from "../../core/incident.ts";
import type { Log } from "../../core/log.ts";
import type { Metrics } from "../../core/metrics.ts";
import type { Playbook } from "../../core/playbook/playbook.ts";
import type { Queue } from "../../core/queue.ts";
import type { Run } from "../../core/run/run.ts";
import type { Scope } from "../../core/scope.ts";
import type { Store } from "../../core/store.ts";
import type { Milliseconds } from "../../core/time.ts";
import type { Candidate } from "../assess/select.ts";

/** What advancing a run needs from outside. */
export type RunDeps = {
  store: Store;
  queue: Queue;
  actions: ActionTable;
  connections: Connections;
  config: Config;
  /** The playbook a run started with, compiled; throws AppError when its text is gone. */
  playbookOf(run: Run): Promise<Playbook>;
  /** Measures facts anew, past the cache; null where it could not. */
  measure(names: readonly string[], scope: Scope): Promise<Readonly<Record<string, number | null>>>;
  /** Per target, what matches the open alerts of an incident now, by priority. */
  ladders(incident: Incident): Promise<ReadonlyMap<string, readonly Candidate[]>>;
  metrics: Metrics;
  log: Log;
  /** Milliseconds of a clock that never jumps and goes on while the process is frozen. */
  monotonic(): number;
  /** How long one claim lasts; a mutating call starts only well before its end. */
  claimFor: Milliseconds;
};
