import { QUEUE_NAMES } from "../core/queue.ts";
import type { RunStateKind } from "../core/views.ts";
import { runViews } from "../flow/desk/incident-view.ts";
import type { Parts } from "./wire.ts";

/** Gauges that are read when somebody looks at `/metrics`: queues, what waits for assessment or for the chat, runs under way. */
export function sampleGauges(parts: Parts): void {
  const { metrics, queue, store, intake, set } = parts;
  metrics.sample(async () => {
    for (const name of QUEUE_NAMES) metrics.queue(name, await queue.depth(name), 0);
  });
  metrics.sample(async () => {
    const { entries, oldestAge } = await intake.backlog();
    metrics.unassessed(entries, oldestAge / 1_000);
  });
  metrics.sample(async () => {
    const [due, now] = await Promise.all([store.due(2_000), store.now()]);
    const chats = due.filter((one) => one.member.startsWith("chat:"));
    const oldest = Math.max(0, ...chats.filter((one) => one.at > 0).map((one) => now - one.at));
    metrics.outbox(chats.length, oldest / 1_000);
  });
  metrics.sample(async () => {
    const page = await store.page("runs:active", { limit: 500 });
    const counts = new Map<string, { playbook: string; state: RunStateKind; count: number }>();
    for (const run of await runViews(store, page.members)) {
      const key = `${run.playbook} ${run.state.kind}`;
      const row = counts.get(key) ?? { playbook: run.playbook, state: run.state.kind, count: 0 };
      counts.set(key, { ...row, count: row.count + 1 });
    }
    metrics.activeRuns([...counts.values()]);
  });
  metrics.sample(async () => metrics.playbooks(set.current().playbooks.length, set.faults().length));
}
