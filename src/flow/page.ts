import { AppError } from "../core/errors.ts";
import type { EscalationState, Page } from "../core/escalation.ts";
import type { Incident } from "../core/incident.ts";
import type { Log } from "../core/log.ts";
import { oneLine } from "../core/one-line.ts";
import type { Severity } from "../core/severity.ts";
import type { Store, Write } from "../core/store.ts";
import type { Instant, Milliseconds } from "../core/time.ts";
import type { TimelineEntry } from "../core/timeline.ts";

/** What PagerDuty is told; the key is the incident's id, so that repeats fall together (design 14.8). */
export type PageEvent = { dedupKey: string } & (
  | { action: "resolve" }
  | { action: "trigger"; summary: string; source: string; severity: "critical" | "error" | "warning" }
);

export type PageDeps = {
  store: Store;
  /** Sends one event through a named connection; absent where nobody can be paged. */
  page?(
    connection: string,
    event: PageEvent,
    signal: AbortSignal,
  ): Promise<{ ok: true } | { ok: false; message: string }>;
  log: Log;
};

const ANSWER_WITHIN: Milliseconds = 15_000;
const AGAIN_AFTER: Milliseconds = 60_000;
/** Nobody else sends it for so long; a worker that died meanwhile leaves it to the next one then. */
const SENDING: Milliseconds = ANSWER_WITHIN + 5_000;
/** How often a result is written anew because the escalation has gone on meanwhile. */
const TRIES = 5;

/** PagerDuty's words for how bad it is. */
const LEVELS = { P0: "critical", P1: "error", P2: "warning" } as const satisfies Record<Severity, string>;

type Known = { rev: number; state: EscalationState };

/**
 * Tells PagerDuty what it has not been told yet, claimed first, so that one of many workers does. A repeat after a crash is the same
 * page there; what could not be said is said again every minute, and people read once that it did not come through.
 */
export async function sendPages(
  deps: PageDeps,
  incident: Incident,
  { rev, state }: Known,
): Promise<{ changed: boolean; next?: Instant }> {
  const now = await deps.store.now();
  const waiting = Object.entries(state.pages).filter(([, page]) => isToBeTold(page));
  const due = waiting.filter(([, page]) => (page.retryAt ?? 0) <= now);
  if (due.length === 0) {
    const times = waiting.flatMap(([, page]) => page.retryAt ?? []);
    return times.length === 0 ? { changed: false } : { changed: false, next: Math.min(...times) };
  }
  const sending = Object.fromEntries(due.map(([name, page]) => [name, sentNow(page, now)]));
  const claimed = await deps.store.commit({
    checks: [{ check: "rev", kind: "escalation", id: incident.id, rev }],
    writes: [
      { write: "put", kind: "escalation", id: incident.id, body: { ...state, pages: { ...state.pages, ...sending } } },
    ],
  });
  if (!claimed.ok) return { changed: true };
  const told = due.map(async ([name, page]) => ({ name, ...(await tell(deps, { incident, name, page, now })) }));
  await record(deps, incident.id, await Promise.all(told));
  return { changed: true };
}

/** As it stands while it is sent: whether that fails, as it may have before, is not known. */
function sentNow({ failed: _, ...page }: Page, now: Instant): Page {
  return { ...page, retryAt: now + SENDING };
}

type Told = { name: string; page: Page; line?: TimelineEntry };

/** Writes what came of it to the pages as they stand now; one that has been called anew or is to be ended since keeps that. */
async function record({ store }: PageDeps, id: string, told: readonly Told[]): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const doc = await store.get<EscalationState>("escalation", id);
    if (!doc) return;
    const { pages } = doc.body;
    const standing = told.filter(({ name, page }) => pages[name]?.at === page.at && isToBeTold(pages[name]));
    const next = { ...pages, ...Object.fromEntries(standing.map(({ name, page }) => [name, page])) };
    const committed = await store.commit({
      checks: [{ check: "rev", kind: "escalation", id, rev: doc.rev }],
      writes: [
        { write: "put", kind: "escalation", id, body: { ...doc.body, pages: next } },
        ...lines(
          id,
          standing.flatMap((one) => one.line ?? []),
        ),
      ],
    });
    if (committed.ok) return;
  }
}

function isToBeTold(page: Page): boolean {
  return page.event === "trigger" || page.event === "resolve";
}

type Telling = { incident: Incident; name: string; page: Page; now: Instant };

async function tell(deps: PageDeps, telling: Telling): Promise<Omit<Told, "name">> {
  const { incident, name, page, now } = telling;
  const answer = await send(deps, telling);
  const { retryAt: _, failed, ...rest } = page;
  if (answer.ok) return { page: { ...rest, event: page.event === "trigger" ? "triggered" : "resolved" } };
  deps.log.warn({ incident: incident.id, connection: name, why: answer.message }, "PagerDuty could not be told");
  const again: Page = { ...rest, retryAt: now + AGAIN_AFTER, failed: true };
  if (failed) return { page: again };
  const text = `PagerDuty (${name}) could not be told: ${answer.message}; tried again every minute`;
  return { page: again, line: { at: now, kind: "escalation", text, by: "stanch" } };
}

async function send(deps: PageDeps, telling: Telling): Promise<{ ok: true } | { ok: false; message: string }> {
  if (!deps.page) return { ok: false, message: "nobody can be paged from here" };
  try {
    return await deps.page(telling.name, eventOf(telling), AbortSignal.timeout(ANSWER_WITHIN));
  } catch (error) {
    if (error instanceof AppError) return { ok: false, message: error.message };
    deps.log.error({ err: error }, "paging threw");
    return { ok: false, message: "internal error; the log has its stack" };
  }
}

function eventOf({ incident, page }: Telling): PageEvent {
  const { id, title, key, severity } = incident;
  if (page.event === "resolve") return { action: "resolve", dedupKey: id };
  const summary = oneLine(`${id} ${title}: ${page.text}`, 1_000);
  return {
    action: "trigger",
    dedupKey: id,
    summary,
    source: oneLine(key, 250) || "stanch",
    severity: LEVELS[severity],
  };
}

function lines(incident: string, items: readonly TimelineEntry[]): readonly Write[] {
  if (items.length === 0) return [];
  return [
    { write: "append", list: `timeline:${incident}`, items },
    { write: "due", member: `chat:${incident}`, at: 0 },
  ];
}
