import type { ChatState } from "../core/chat.ts";
import type { Config } from "../core/config.ts";
import { clockStart, type EscalationState, escalationStep, type Need } from "../core/escalation.ts";
import type { Incident } from "../core/incident.ts";
import type { Queue } from "../core/queue.ts";
import type { Doc, Write } from "../core/store.ts";
import type { Instant } from "../core/time.ts";
import type { TimelineEntry } from "../core/timeline.ts";
import { ackEnd, armedBy } from "./ack-end.ts";
import { called } from "./climb.ts";
import { type Followed, lookAgain } from "./followed.ts";
import { needsOf } from "./needs.ts";
import { type PageDeps, sendPages } from "./page.ts";

export type EscalateDeps = PageDeps & { queue: Pick<Queue, "wake">; config: Pick<Config, "escalation"> };

/**
 * Calls people by the levels of `escalation:`. What a level says goes to the timeline with whom it calls, which the chat turns
 * into mentions; PagerDuty is called here. State and timeline change in one commit, so that any number of workers call once.
 */
export async function escalateIncident(deps: EscalateDeps, doc: Doc<Incident>): Promise<Followed> {
  if (deps.config.escalation.length === 0) return callForNeeds(deps, doc);
  const { body: incident, rev } = doc;
  const known = await deps.store.get<EscalationState>("escalation", incident.id);
  const needs = await needsOf(deps, incident);
  if (!known && incident.status === "resolved" && needs.length === 0) return lookAgain();
  const now = await deps.store.now();
  const confirmed = await isConfirmed(deps, incident.id, known?.body);
  const step = escalationStep(deps.config.escalation, { incident, needs, confirmed, now }, known?.body);
  const state = { ...step.state, pages: pagesAfter(step.state, { incident, needs, now }) };
  if (JSON.stringify(state) !== JSON.stringify(known?.body)) {
    const lines: readonly TimelineEntry[] = step.call
      ? [{ at: now, kind: "escalation", text: step.call.text, by: "stanch", notify: step.call.notify }]
      : [];
    const ended = ackEnd(incident, armedBy(state, known?.body, { incident, needs }), now);
    const said = [...ended.lines, ...lines];
    const committed = await deps.store.commit({
      checks: [
        { check: "rev", kind: "incident", id: incident.id, rev },
        { check: "rev", kind: "escalation", id: incident.id, rev: known?.rev ?? 0 },
      ],
      writes: [
        { write: "put", kind: "escalation", id: incident.id, body: state },
        ...ended.writes,
        ...lineWrites(incident.id, said),
      ],
    });
    if (committed.ok && said.length > 0) await deps.queue.wake(`chat:${incident.id}`, now);
    return { changed: true };
  }
  const paged = await sendPages(deps, incident, { rev: known?.rev ?? 0, state });
  return paged.changed ? { changed: true } : lookAgain(step.next, paged.next);
}

/** What people are needed for without a line of its own that calls them: approvals have messages, and the others are told where they arise. */
const UNTOLD: ReadonlySet<Need["kind"]> = new Set(["task", "unknown_outcome", "overdue_revert"]);

/** Without levels each need calls once, by a line that names nobody: the chat calls the default approval group for it. */
async function callForNeeds(deps: EscalateDeps, { body: incident, rev }: Doc<Incident>): Promise<Followed> {
  if (incident.runs.length === 0) return lookAgain();
  const { id, acknowledged } = incident;
  const needs = (await needsOf(deps, incident)).filter(({ kind }) => UNTOLD.has(kind));
  if (needs.length === 0) return lookAgain();
  const [known, now] = await Promise.all([deps.store.get<EscalationState>("escalation", id), deps.store.now()]);
  const before = known?.body ?? { causes: [], armedAt: clockStart(incident), fired: [], pages: {} };
  const rests = acknowledged !== undefined && now < acknowledged.until ? acknowledged.until : undefined;
  const news = needs.filter(({ key }) => !before.causes.includes(key));
  const told = news.filter(({ kind }) => kind !== "task" || rests === undefined);
  if (told.length === 0) return lookAgain(news.length === 0 ? undefined : rests);
  const state: EscalationState = { ...before, causes: [...before.causes, ...told.map(({ key }) => key)] };
  const whys = told.filter(({ kind }) => kind !== "task").map(({ text }) => text);
  const ended = ackEnd(incident, whys, now);
  const committed = await deps.store.commit({
    checks: [
      { check: "rev", kind: "incident", id, rev },
      { check: "rev", kind: "escalation", id, rev: known?.rev ?? 0 },
    ],
    writes: [
      { write: "put", kind: "escalation", id, body: state },
      ...ended.writes,
      ...lineWrites(id, [...ended.lines, ...told.map(({ text }) => called(text, now))]),
    ],
  });
  if (committed.ok) await deps.queue.wake(`chat:${id}`, now);
  return { changed: true };
}

function lineWrites(incident: string, lines: readonly TimelineEntry[]): readonly Write[] {
  if (lines.length === 0) return [];
  return [
    { write: "append", list: `timeline:${incident}`, items: lines },
    { write: "due", member: `chat:${incident}`, at: 0 },
  ];
}

/** A recovered incident that needs nobody any more ends its pages; one that was never sent is not sent at all, one on its way is ended after it. */
function pagesAfter(
  { pages }: EscalationState,
  { incident, needs, now }: { incident: Incident; needs: readonly Need[]; now: Instant },
): EscalationState["pages"] {
  if (incident.status !== "resolved" || needs.length > 0) return pages;
  const ended = Object.entries(pages).flatMap(([name, page]): [string, typeof page][] => {
    const { retryAt } = page;
    const isOnItsWay = retryAt !== undefined && page.failed !== true;
    if (page.event === "trigger")
      return isOnItsWay ? [[name, { event: "resolve", at: now, text: "resolved", retryAt }]] : [];
    if (page.event === "triggered") return [[name, { event: "resolve", at: now, text: "resolved" }]];
    return [[name, page]];
  });
  return Object.fromEntries(ended);
}

/** Whether the latest call has come through: PagerDuty took it, or the chat has posted it. */
async function isConfirmed(deps: EscalateDeps, id: string, state: EscalationState | undefined): Promise<boolean> {
  const call = state?.call;
  if (!state || !call) return false;
  if (Object.values(state.pages).some((page) => page.event === "triggered" && page.at >= call.at)) return true;
  if (!call.inChat) return false;
  const chat = await deps.store.get<ChatState>("chat", id);
  const shown = Math.max(chat?.body.announced ?? 0, chat?.body.delivered ?? 0);
  const waiting = await deps.store.list<TimelineEntry>(`timeline:${id}`, shown);
  return !waiting.some((entry) => entry.notify !== undefined && entry.at === call.at);
}
