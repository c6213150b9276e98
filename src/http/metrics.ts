import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "@prometheus-io/client";
import type { SourceName } from "../core/alert.ts";
import type { Log } from "../core/log.ts";
import { type Metrics, REJECT_REASONS } from "../core/metrics.ts";
import type { Exposition } from "./operations.ts";

/** The metrics with their exposition. A sampler fills gauges that nobody counts (depths, ages) just before they are read. */
export type PrometheusMetrics = Metrics & {
  expose(): Promise<Exposition>;
  sample(sampler: () => Promise<void>): void;
};

const ACCEPT_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2];

/**
 * A registry of its own with stanch's and the process's metrics; docs/api.md lists the names. What may go wrong with the configured
 * `sources` begins at 0: of a counter that appears with its first 1, Prometheus sees no increase.
 */
export function createMetrics(deps: { log: Pick<Log, "warn">; sources?: readonly SourceName[] }): PrometheusMetrics {
  const registry = new Registry();
  const samplers: (() => Promise<void>)[] = [];
  collectDefaultMetrics({ register: registry });
  return {
    ...acceptMetrics(registry, deps.sources ?? []),
    ...waitingMetrics(registry),
    ...runMetrics(registry),
    ...chatMetrics(registry),
    sample: (sampler) => samplers.push(sampler),
    async expose() {
      const sampled = await Promise.allSettled(samplers.map((sampler) => sampler()));
      for (const { status, ...rest } of sampled) {
        // The rest is still worth reading, above all when the store is down.
        if (status === "rejected")
          deps.log.warn({ err: "reason" in rest && rest.reason }, "a metric could not be sampled");
      }
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}

function counter<Label extends string>(registry: Registry, name: string, help: string, labelNames: readonly Label[]) {
  return new Counter({ name: `stanch_${name}`, help, labelNames, registers: [registry] });
}

function gauge<Label extends string>(registry: Registry, name: string, help: string, labelNames: readonly Label[]) {
  return new Gauge({ name: `stanch_${name}`, help, labelNames, registers: [registry] });
}

type AcceptMetrics = Pick<Metrics, "accepted" | "unchanged" | "alertsRejected" | "rejected" | "acceptSeconds">;

function acceptMetrics(registry: Registry, sources: readonly SourceName[]): AcceptMetrics {
  const accepted = counter(registry, "alerts_accepted_total", "Alerts whose episode changed.", ["source"]);
  const unchanged = counter(registry, "alerts_unchanged_total", "Alerts that were known already.", ["source"]);
  const unread = counter(registry, "alerts_rejected_total", "Alerts that could not be read.", ["source"]);
  const rejected = counter(registry, "webhooks_rejected_total", "Webhook calls refused.", ["source", "reason"]);
  for (const source of sources) {
    unread.inc({ source }, 0);
    for (const reason of REJECT_REASONS) rejected.inc({ source, reason }, 0);
  }
  const seconds = new Histogram({
    name: "stanch_accept_duration_seconds",
    help: "From the complete body to the answer.",
    labelNames: ["source"],
    buckets: ACCEPT_BUCKETS,
    registers: [registry],
  });
  return {
    accepted: (source, alerts) => accepted.inc({ source }, alerts),
    unchanged: (source, alerts) => unchanged.inc({ source }, alerts),
    alertsRejected: (source, alerts) => unread.inc({ source }, alerts),
    rejected: (source, reason) => rejected.inc({ source, reason }),
    acceptSeconds: (source, value) => seconds.observe({ source }, value),
  };
}

function waitingMetrics(registry: Registry): Pick<Metrics, "queue" | "unassessed" | "poisoned" | "outbox"> {
  const depth = gauge(registry, "queue_depth", "Wake-ups in a queue.", ["queue"]);
  const age = gauge(registry, "queue_oldest_age_seconds", "Age of the oldest overdue wake-up.", ["queue"]);
  const unassessed = gauge(registry, "unassessed_entries", "Accepted bodies that wait for assessment.", []);
  const unassessedAge = gauge(registry, "unassessed_oldest_age_seconds", "Age of the oldest of them.", []);
  const poisoned = counter(registry, "poisoned_total", "Bodies that could not be assessed in 5 deliveries.", []);
  const outbox = gauge(registry, "outbox_waiting", "Incidents with things to post.", []);
  const outboxAge = gauge(registry, "outbox_oldest_age_seconds", "How long the oldest of them waits.", []);
  return {
    queue(name, count, oldestAgeSeconds) {
      depth.set({ queue: name }, count);
      age.set({ queue: name }, oldestAgeSeconds);
    },
    unassessed(entries, oldestAgeSeconds) {
      unassessed.set(entries);
      unassessedAge.set(oldestAgeSeconds);
    },
    poisoned: () => poisoned.inc(),
    outbox(waiting, oldestAgeSeconds) {
      outbox.set(waiting);
      outboxAge.set(oldestAgeSeconds);
    },
  };
}

function runMetrics(registry: Registry): Pick<Metrics, "run" | "activeRuns" | "step" | "guard" | "approval"> {
  const transitions = counter(registry, "run_states_total", "Runs that came into a state.", ["playbook", "state"]);
  const active = gauge(registry, "runs", "Unfinished runs.", ["playbook", "state"]);
  const steps = counter(registry, "steps_total", "Steps by how they ended.", ["action", "outcome", "reason"]);
  const guards = counter(registry, "guard_refusals_total", "Guards that did not simply allow.", ["guard", "answer"]);
  const approvals = counter(registry, "approvals_total", "Approvals that came into a status.", ["status"]);
  return {
    run: (playbook, state) => transitions.inc({ playbook, state }),
    activeRuns(rows) {
      active.reset();
      for (const { playbook, state, count } of rows) active.set({ playbook, state }, count);
    },
    step: (action, outcome, reason) => steps.inc({ action, outcome, reason: reason ?? "" }),
    guard: (guard, answer) => guards.inc({ guard, answer }),
    approval: (status) => approvals.inc({ status }),
  };
}

function chatMetrics(registry: Registry): Pick<Metrics, "posted" | "playbooks"> {
  const posts = counter(registry, "chat_posts_total", "Calls to a chat.", ["chat", "result"]);
  const loaded = gauge(registry, "playbooks_loaded", "Playbooks in force.", []);
  const faults = gauge(
    registry,
    "playbook_faults",
    "Faults found by the last reload; above 0 an older set is in force.",
    [],
  );
  return {
    posted: (chat, result) => posts.inc({ chat, result }),
    playbooks(count, faultCount) {
      loaded.set(count);
      faults.set(faultCount);
    },
  };
}
