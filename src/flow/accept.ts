import type { SightingGroup, SourceName } from "../core/alert.ts";
import { AppError, codeOf, type Fault } from "../core/errors.ts";
import type { Intake } from "../core/intake.ts";
import type { Log } from "../core/log.ts";
import { type Metrics, REJECT_REASONS, type RejectReason } from "../core/metrics.ts";
import type { Received, Source, WebhookRequest } from "../core/source.ts";
import type { Milliseconds } from "../core/time.ts";
import { withinDeadline } from "./deadline.ts";

/** The part of the metrics that this hop counts. */
export type AcceptMetrics = Pick<Metrics, "accepted" | "unchanged" | "alertsRejected" | "rejected" | "acceptSeconds">;

type Stored = { accepted: number; unchanged: number };

/**
 * The store's side. `repeated` knows by a body's digest alone that nothing has changed; undefined, at once or later: it has to be
 * read.
 */
export type AcceptIntake = Pick<Intake, "accept"> & {
  repeated?(source: SourceName, body: Buffer): Promise<Stored | undefined> | undefined;
};

/** `clock` is monotonic, in milliseconds. */
export type AcceptDeps = {
  sources: ReadonlyMap<string, Source>;
  intake: AcceptIntake;
  metrics: AcceptMetrics;
  log: Pick<Log, "debug" | "info">;
  clock(): Milliseconds;
};

/**
 * The body of the 202: alerts whose episode changed and those known already; `note` says what else a call was good for. Where some
 * alerts could not be read, how many those are, with the first of their faults.
 */
export type Accepted = Stored & { note?: string; rejected?: number; details?: readonly Fault[] };

/**
 * Follows a stored body of which alerts were rejected. With it the body has another digest than the one that was sent, so that this
 * is read, and told about its faults, each time; as white space it means nothing to a parser.
 */
const REJECTED_MARK = Buffer.from(" \t\r\n\t ");

const REASONS: ReadonlySet<string> = new Set(REJECT_REASONS);

/** The metric label of anything that kept a call from being accepted. */
export function rejectReason(error: unknown): RejectReason {
  const code = codeOf(error);
  return REASONS.has(code) ? (code as RejectReason) : "internal";
}

/**
 * Before a large body is read: whether the headers alone prove who calls; false where only the body can.
 * @throws AppError `not_found` for a source that is not configured, and `unauthorized`.
 */
export function admit(
  { sources, metrics }: Pick<AcceptDeps, "sources" | "metrics">,
  sourceName: string,
  headers: WebhookRequest["headers"],
): boolean {
  const source = sources.get(sourceName);
  try {
    if (source === undefined) throw notConfigured();
    source.admit?.(headers);
    return source.admit !== undefined;
  } catch (error) {
    metrics.rejected(source?.name ?? "unknown", rejectReason(error));
    throw error;
  }
}

const notConfigured = (): AppError => new AppError("not_found", "no such source is configured in stanch.yaml");

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
    if (source === undefined) throw notConfigured();
    return await receive(deps, source, request);
  } catch (error) {
    deps.metrics.rejected(label, rejectReason(error));
    throw error;
  } finally {
    deps.metrics.acceptSeconds(label, (deps.clock() - startedAt) / 1000);
  }
}

/** What is parsed is not awaited, so that nothing holds on to it until the store has answered; each promise less is felt in a storm. */
function receive(deps: AcceptDeps, source: Source, request: WebhookRequest): Accepted | Promise<Accepted> {
  const asked = repeated(deps, source, request);
  if (asked === undefined) return readAndStore(deps, source, request);
  return asked.then((known) => (known ? counted(deps, source.name, known) : readAndStore(deps, source, request)));
}

function readAndStore(deps: AcceptDeps, source: Source, request: WebhookRequest): Accepted | Promise<Accepted> {
  const received = source.receive(request);
  if (received instanceof Promise) return received.then((later) => settle(deps, source, { received: later, request }));
  return settle(deps, source, { received, request });
}

type Settling = { received: Received; request: WebhookRequest };

function settle(deps: AcceptDeps, source: Source, { received, request }: Settling): Accepted | Promise<Accepted> {
  switch (received.kind) {
    case "handled":
      deps.log.info({ source: source.name, note: received.note }, "webhook handled");
      return { accepted: 0, unchanged: 0, note: received.note };
    case "group":
      if (isPartial(received.group)) return storeReadable(deps, received.group, request.body);
      return store(deps, received.group, request.body).then((stored) => counted(deps, source.name, stored));
    default:
      return received satisfies never;
  }
}

function counted(deps: AcceptDeps, name: SourceName, stored: Stored): Stored {
  deps.metrics.accepted(name, stored.accepted);
  deps.metrics.unchanged(name, stored.unchanged);
  // In a storm a line for every body costs a tenth of the whole hop; assess logs what came of it, and the counters are exact.
  if (stored.accepted > 0) deps.log.debug({ source: name, ...stored }, "alerts accepted");
  return stored;
}

/** The way for a body that was sent before: authenticated, but not read again. Undefined: it has to be read. */
function repeated(deps: AcceptDeps, source: Source, request: WebhookRequest): Promise<Stored | undefined> | undefined {
  if (source.authenticate === undefined || deps.intake.repeated === undefined) return undefined;
  source.authenticate(request);
  const asked = deps.intake.repeated(source.name, request.body);
  return asked && withinDeadline(asked);
}

type PartialGroup = SightingGroup & Required<Pick<SightingGroup, "rejected">>;

function isPartial(group: SightingGroup): group is PartialGroup {
  return group.rejected !== undefined;
}

/** What is left of a body when alerts of it could not be read. Refused as a whole it would be lost: senders take a 400 as final. */
async function storeReadable(deps: AcceptDeps, group: PartialGroup, body: Buffer): Promise<Accepted> {
  const { source, rejected } = group;
  const stored = counted(deps, source, await store(deps, group, Buffer.concat([body, REJECTED_MARK])));
  deps.metrics.alertsRejected(source, rejected.count);
  return { ...stored, rejected: rejected.count, details: rejected.faults };
}

function store(deps: AcceptDeps, group: SightingGroup, body: Buffer): Promise<Stored> {
  if (group.alerts.length === 0) return Promise.resolve({ accepted: 0, unchanged: 0 });
  return withinDeadline(deps.intake.accept(group, body));
}
