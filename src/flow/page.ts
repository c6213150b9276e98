import type { ActionContext, ActionResult, ActionTable } from "../core/action.ts";
import type { Config } from "../core/config.ts";
import type { Connections } from "../core/connection.ts";
import { AppError } from "../core/errors.ts";
import type { EscalationState, Page } from "../core/escalation.ts";
import type { Incident } from "../core/incident.ts";
import type { Log } from "../core/log.ts";
import type { Queue } from "../core/queue.ts";
import type { Store, Write } from "../core/store.ts";
import type { Instant, Milliseconds } from "../core/time.ts";
import type { TimelineEntry } from "../core/timeline.ts";

export type PageDeps = {
  store: Store;
  queue: Pick<Queue, "wake">;
  actions: ActionTable;
  connections: Connections;
  config: Pick<Config, "escalation">;
  log: Log;
};

/** The action that speaks PagerDuty's Events API v2. */
export const PAGE_ACTION = "pagerduty.trigger";
const ANSWER_WITHIN: Milliseconds = 15_000;
const AGAIN_AFTER: Milliseconds = 60_000;

type Known = { rev: number; state: EscalationState };

/**
 * Tells PagerDuty what it has not been told yet. The dedup key is the incident, so a repeat after a crash is the same page; what
 * could not be said is said again every minute, and people read once that it did not come through.
 */
export async function sendPages(
  deps: PageDeps,
  incident: Incident,
  { rev, state }: Known,
): Promise<{ changed: boolean; next?: Instant }> {
  const now = await deps.store.now();
  const waiting = Object.entries(state.pages).filter(
    ([, page]) => page.event === "trigger" || page.event === "resolve",
  );
  const due = waiting.filter(([, page]) => (page.retryAt ?? 0) <= now);
  if (due.length === 0) {
    const times = waiting.flatMap(([, page]) => page.retryAt ?? []);
    return times.length === 0 ? { changed: false } : { changed: false, next: Math.min(...times) };
  }
  const told = await Promise.all(
    due.map(async ([name, page]) => ({ name, ...(await tell(deps, incident, name, page)) })),
  );
  const pages = { ...state.pages, ...Object.fromEntries(told.map(({ name, page }) => [name, page])) };
  await deps.store.commit({
    checks: [{ check: "rev", kind: "escalation", id: incident.id, rev }],
    writes: [
      { write: "put", kind: "escalation", id: incident.id, body: { ...state, pages } },
      ...lines(
        incident.id,
        told.flatMap((one) => one.line ?? []),
      ),
    ],
  });
  return { changed: true };
}

type Told = { page: Page; line?: TimelineEntry };

async function tell(deps: PageDeps, incident: Incident, name: string, page: Page): Promise<Told> {
  const now = await deps.store.now();
  const result = await call(deps, { incident, name, page, now });
  const { retryAt: _, failed, ...rest } = page;
  if (result.ok) return { page: { ...rest, event: page.event === "trigger" ? "triggered" : "resolved" } };
  deps.log.warn({ incident: incident.id, connection: name, reason: result.reason }, "PagerDuty could not be told");
  const again: Page = { ...rest, retryAt: now + AGAIN_AFTER, failed: true };
  if (failed) return { page: again };
  const text = `PagerDuty (${name}) could not be told: ${result.message}; tried again every minute`;
  return { page: again, line: { at: now, kind: "escalation", text, by: "stanch" } };
}

type Call = { incident: Incident; name: string; page: Page; now: Instant };

async function call(deps: PageDeps, what: Call): Promise<ActionResult> {
  const action = deps.actions.get(PAGE_ACTION);
  try {
    if (!action) throw new AppError("not_implemented", `${PAGE_ACTION} does not exist; take it out of escalation`);
    return await action.run(inputOf(what), contextFor(deps, what));
  } catch (error) {
    if (!(error instanceof AppError)) deps.log.error({ err: error, action: PAGE_ACTION }, "an action threw");
    const message = error instanceof AppError ? error.message : "internal error; the log has its stack";
    return { ok: false, reason: "internal", message, retryable: true, sent: "unknown" };
  }
}

function inputOf({ incident, name, page }: Call): Readonly<Record<string, unknown>> {
  return {
    connection: name,
    event: page.event,
    dedupKey: incident.id,
    summary: `${incident.id} ${incident.title}: ${page.text}`,
    severity: incident.severity,
    source: incident.key,
  };
}

function contextFor(deps: PageDeps, { incident, now }: Call): ActionContext {
  return {
    signal: AbortSignal.timeout(ANSWER_WITHIN),
    stepKey: `escalation/${incident.id}`,
    dryRun: false,
    connections: deps.connections,
    now,
    log: deps.log,
    fence() {},
  };
}

function lines(incident: string, items: readonly TimelineEntry[]): readonly Write[] {
  if (items.length === 0) return [];
  return [
    { write: "append", list: `timeline:${incident}`, items },
    { write: "due", member: `chat:${incident}`, at: 0 },
  ];
}
