import type { Playbook } from "../../core/playbook/playbook.ts";
import type { RunEvent } from "../../core/run/events.ts";
import type { InboxItem } from "../../core/run/inbox.ts";
import { applyEvent, type Run } from "../../core/run/run.ts";
import { lineOf } from "../../core/run/sentence.ts";
import type { Check, Claim, Committed, Write } from "../../core/store.ts";
import type { Instant, Milliseconds } from "../../core/time.ts";
import type { TimelineEntry } from "../../core/timeline.ts";
import type { Judged } from "./admit-step.ts";
import { countEvent } from "./count.ts";
import type { RunDeps } from "./deps.ts";
import type { KeptValues } from "./guard-reads.ts";
import { leaseWrites, undoneWrites } from "./lease-writes.ts";

/** One worker's hold on one run: from its claim to the moment it lets go. Immutable; each step makes the next one. */
export type Turn = {
  deps: RunDeps;
  claim: Claim;
  /** End of the claim on the monotonic clock. */
  deadline: number;
  run: Run;
  playbook: Playbook;
  /** Decisions that the journal has not taken yet. */
  inbox: readonly InboxItem[];
  /** Events that `run` holds already and the store does not; they go with the next commit. */
  unsaved: readonly RunEvent[];
  lines: readonly TimelineEntry[];
  signal: AbortSignal;
  /** What the guards have read in this turn. */
  kept?: KeptValues;
  /** What the guards have said of the step that is next, where that was asked ahead. */
  judged?: Judged;
  /** Among `unsaved` is an outcome of a mutating step: it goes with the very next commit, and waits for no I/O. */
  holdsOutcome?: boolean;
  /** What the store's clock said when this turn last heard of it. */
  storedAt: Instant;
  /** When this turn last woke the chat, on the monotonic clock. */
  chatWoken?: number;
};

/** Store time now, from the claim's own reading and the monotonic clock since. */
export function nowOf(turn: Turn): Instant {
  return Math.round(turn.claim.now + turn.deps.claimFor - (turn.deadline - turn.deps.monotonic()));
}

/** How much of the claim is left. */
export function claimLeft(turn: Turn): Milliseconds {
  return turn.deadline - turn.deps.monotonic();
}

/** Whether this worker has to stop at once: what it was reading fails for that reason alone, and the next one reads it again. */
export function isCutOff({ signal }: Turn): boolean {
  return signal.aborted;
}

/** The turn with further events in memory; nothing is stored yet. */
export function withEvents(turn: Turn, events: readonly RunEvent[]): Turn {
  const describe = (uses: string, input: Readonly<Record<string, unknown>>) =>
    turn.deps.actions.get(uses)?.describe(input) ?? uses;
  const unsaved = [...turn.unsaved];
  const lines = [...turn.lines];
  let { run } = turn;
  for (const event of events) {
    const line = lineOf(run, event, describe);
    if (line !== undefined) lines.push(line);
    unsaved.push(event);
    run = applyEvent(run, event);
  }
  return { ...turn, run, unsaved, lines };
}

/** `durable`: with `durability: wait:N` it counts only when N replicas have it. */
export type Extra = { checks?: readonly Check[]; writes?: readonly Write[]; durable?: boolean };

/** Stores what is unsaved, fenced by the claim's epoch and the journal's length. */
export async function save(turn: Turn, extra: Extra = {}): Promise<{ turn: Turn; committed: Committed }> {
  const { run, claim, deps, unsaved } = turn;
  const id = run.created.id;
  const checks: Check[] = [
    { check: "claim", run: id, epoch: claim.epoch },
    { check: "length", list: `run:${id}`, is: run.rev - unsaved.length },
    ...(extra.checks ?? []),
  ];
  const committed = await deps.store.commit({
    checks,
    writes: [...journalWrites(turn), ...(extra.writes ?? [])],
    ...(extra.durable ? { durable: true } : {}),
  });
  if (!committed.ok) return { turn, committed };
  for (const event of unsaved) countEvent(deps.metrics, run, event);
  const chatWoken = wakeChat(turn, committed.now);
  const follow = owesPeople(turn);
  if (follow !== undefined) void deps.queue.wake(follow, committed.now);
  return {
    turn: { ...turn, unsaved: [], lines: [], holdsOutcome: false, chatWoken, storedAt: committed.now },
    committed,
  };
}

function journalWrites(turn: Turn): readonly Write[] {
  const { run, unsaved, lines } = turn;
  const incident = run.created.incidentId;
  const writes: Write[] = [];
  if (unsaved.length > 0) writes.push({ write: "append", list: `run:${run.created.id}`, items: unsaved });
  if (incident !== undefined && lines.length > 0) {
    writes.push({ write: "append", list: `timeline:${incident}`, items: lines });
    writes.push({ write: "due", member: `chat:${incident}`, at: 0 });
  }
  for (const event of unsaved) {
    if (event.type === "outcome") writes.push(...leaseWrites(turn, event.path, event.at), ...undoneWrites(turn, event));
  }
  const follow = owesPeople(turn);
  if (follow !== undefined) writes.push({ write: "due", member: follow, at: 0 });
  return writes;
}

/** The wake-up of who looks after what the incident owes people, where something unsaved concerns them. */
function owesPeople(turn: Turn): string | undefined {
  const { incidentId } = turn.run.created;
  const isOwed = incidentId !== undefined && turn.unsaved.some((event) => concernsPeople(turn, event));
  return isOwed ? `follow:${incidentId}` : undefined;
}

/** What calls people or waits for them, and what they decided; the end of a run wakes its incident anyway. */
function concernsPeople({ deps }: Turn, event: RunEvent): boolean {
  const { type } = event;
  if (type === "started") return event.uses !== undefined && deps.actions.get(event.uses)?.tells === true;
  return type === "asked" || type === "granted" || type === "refused" || type === "unknown";
}

/** The chat is due with every line; waking it more than once a second would only have it read the incident again. */
function wakeChat(turn: Turn, at: Instant): number {
  const { chatWoken = Number.NEGATIVE_INFINITY, run, lines, deps } = turn;
  const { incidentId } = run.created;
  const now = deps.monotonic();
  if (incidentId === undefined || lines.length === 0) return chatWoken;
  if (now - chatWoken < CHAT_EVERY && !run.ended && !run.asked) return chatWoken;
  void deps.queue.wake(`chat:${incidentId}`, at);
  return now;
}

/** Between two wake-ups of an incident's chat by one turn; what comes in between is found by the publisher or the sweeper. */
const CHAT_EVERY: Milliseconds = 1_000;
