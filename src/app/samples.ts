import { CHATS_BEHIND, type ChatState } from "../core/chat.ts";
import { QUEUE_NAMES, queueOf } from "../core/queue.ts";
import type { Store } from "../core/store.ts";
import type { Instant } from "../core/time.ts";
import type { TimelineEntry } from "../core/timeline.ts";
import type { RunStateKind } from "../core/views.ts";
import { runViews } from "../flow/desk/incident-view.ts";
import type { Parts } from "./wire.ts";

type Sampled = Pick<Parts, "metrics" | "queue" | "store" | "intake" | "set">;
type Due = Awaited<ReturnType<Store["due"]>>;

/** Wake-ups and chats that are looked at for one exposition; what is beyond is younger. */
const MOST_DUE = 2_000;
const MOST_CHATS = 200;

/** Gauges that are read when somebody looks at `/metrics`: queues, what waits for assessment or for the chat, runs under way. */
export function sampleGauges(parts: Sampled): void {
  const { metrics, queue, store, intake, set } = parts;
  metrics.sample(async () => {
    const [due, now] = await Promise.all([store.due(MOST_DUE), store.now()]);
    for (const name of QUEUE_NAMES) metrics.queue(name, await queue.depth(name), overdue(due, name, now) / 1_000);
  });
  metrics.sample(async () => {
    const { entries, oldestAge } = await intake.backlog();
    metrics.unassessed(entries, oldestAge / 1_000);
  });
  metrics.sample(async () => {
    const chats = await waitingChats(store);
    const [ages, now] = await Promise.all([oldestOf(store, chats.slice(0, MOST_CHATS)), store.now()]);
    metrics.outbox(chats.length, Math.max(0, now - Math.min(now, ...ages)) / 1_000);
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

/** How late the oldest wake-up of a queue is. What is due "at once" (0) does not say since when. */
function overdue(due: Due, name: (typeof QUEUE_NAMES)[number], now: Instant): number {
  const oldest = due.find(({ member, at }) => at > 0 && queueOf(member) === name);
  return oldest === undefined ? 0 : Math.max(0, now - oldest.at);
}

/** Incidents that are to be shown anew: due now, or tried without success and due later. */
async function waitingChats(store: Store): Promise<readonly string[]> {
  const [due, behind] = await Promise.all([store.due(MOST_DUE), store.page(CHATS_BEHIND, { limit: MOST_DUE })]);
  const now = due.flatMap(({ member }) => (member.startsWith("chat:") ? [member.slice("chat:".length)] : []));
  return [...new Set([...behind.members.toReversed(), ...now])];
}

/** Of each incident the time of its oldest line that was not posted, or since when publishing it has not come to its end. */
async function oldestOf(store: Store, incidents: readonly string[]): Promise<readonly Instant[]> {
  if (incidents.length === 0) return [];
  const docs = await store.getMany<ChatState>("chat", incidents);
  const lines = await Promise.all(
    incidents.map((incident, at) => {
      const { delivered = 0, thread = 0 } = docs[at]?.body ?? {};
      return store.list<TimelineEntry>(`timeline:${incident}`, Math.max(delivered, thread), 1);
    }),
  );
  return lines.flatMap(([line], at) => [line?.at ?? [], docs[at]?.body.behindSince ?? []].flat());
}
