import type { AlertGroup } from "../core/alert.ts";
import { AppError, codeOf } from "../core/errors.ts";
import type { Intake } from "../core/intake.ts";
import type { Log } from "../core/log.ts";
import type { Metrics, RejectReason } from "../core/metrics.ts";
import type { Source, WebhookRequest } from "../core/source.ts";
import type { Milliseconds } from "../core/time.ts";

/** The part of the metrics that this hop counts. */
export type AcceptMetrics = Pick<Metrics, "accepted" | "unchanged" | "rejected" | "acceptSeconds">;

/** `clock` is monotonic, in milliseconds. */
export type AcceptDeps = {
  sources: ReadonlyMap<string, Source>;
  intake: Pick<Intake, "accept">;
  metrics: AcceptMetrics;
  log: Pick<Log, "info" | "warn">;
  clock(): Milliseconds;
};

/** The body of the 202: alerts whose episode changed and those known already; `note` says what else a call was good for. */
export type Accepted = { accepted: number; unchanged: number; note?: string };

/** A caller gets its 503 within 2 s, so that it sends again while the alert is young. */
const STORE_DEADLINE_MS = 1500;

const REASONS: ReadonlySet<string> = new Set<RejectReason>([
  "unauthorized",
  "invalid_request",
  "too_large",
  "not_found",
  "unavailable",
]);

/** The metric label of anything that kept a call from being accepted. */
export function rejectReason(error: unknown): RejectReason {
  const code = codeOf(error);
  return REASONS.has(code) ? (code as RejectReason) : "internal";
}

/**
 * The first hop: authenticate, parse, and one round trip to the store. No query, no playbook, no Slack here.
 * @throws AppError `not_found` for a source that is not configured, what the source throws, and `unavailable` when the alerts
 * could not be stored in time; stored after all they are the same episodes when sent again.
 */
export async function accept(deps: AcceptDeps, sourceName: string, request: WebhookRequest): Promise<Accepted> {
  const source = deps.sources.get(sourceName);
  const label = source?.name ?? "unknown";
  const startedAt = deps.clock();
  try {
    if (source === undefined) throw new AppError("not_found", "no such source is configured in stanch.yaml");
    return await receive(deps, source, request);
  } catch (error) {
    const reason = rejectReason(error);
    deps.metrics.rejected(label, reason);
    deps.log.warn({ source: label, reason, err: error }, "webhook refused");
    throw error;
  } finally {
    deps.metrics.acceptSeconds(label, (deps.clock() - startedAt) / 1000);
  }
}

async function receive(deps: AcceptDeps, source: Source, request: WebhookRequest): Promise<Accepted> {
  const received = await source.receive(request);
  if (received.kind === "handled") {
    deps.log.info({ source: source.name, note: received.note }, "webhook handled");
    return { accepted: 0, unchanged: 0, note: received.note };
  }
  const stored = await store(deps, received.group, request.body);
  deps.metrics.accepted(source.name, stored.accepted);
  deps.metrics.unchanged(source.name, stored.unchanged);
  // Repeats come every few minutes for every group: only changes are worth a line.
  if (stored.accepted > 0) deps.log.info({ source: source.name, ...stored }, "alerts accepted");
  return stored;
}

async function store(deps: AcceptDeps, group: AlertGroup, body: Buffer): Promise<Accepted> {
  if (group.alerts.length === 0) return { accepted: 0, unchanged: 0 };
  const { accepted, unchanged } = await withinDeadline(deps.intake.accept(group, body));
  return { accepted, unchanged };
}

/** @throws AppError `unavailable` when the work is not done in time; it is not cancelled then. */
function withinDeadline<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const refuse = () => reject(new AppError("unavailable", "the alerts could not be stored in time; send them again"));
    const timer = setTimeout(refuse, STORE_DEADLINE_MS);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
