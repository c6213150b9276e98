import type { Request, RequestHandler } from "express";
import { SOURCE_NAMES } from "../core/alert.ts";
import { AppError, codeOf, type Fault } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Metrics } from "../core/metrics.ts";
import type { WebhookRequest } from "../core/source.ts";
import { requestIdOf, sendJson } from "./answer.ts";
import { readBody } from "./body.ts";
import { type Admit, createBodyGate } from "./large-bodies.ts";
import { createTurns } from "./turns.ts";

const LONGEST_PATH = 200;
/** Bytes of large bodies that are read in one turn of the event loop: some milliseconds. */
const MOST_PER_TURN = 128 * 1024;
/** Smaller ones do not wait: a turn costs more than what it would spread. */
const LARGE = 32 * 1024;

type Params = { source: string };

/** The first hop: answers once the alerts are stored. @throws AppError as the source and the store do. */
export type Accept = (source: string, request: WebhookRequest) => Promise<Accepted>;

type Accepted = {
  accepted: number;
  unchanged: number;
  note?: string;
  rejected?: number;
  details?: readonly Fault[];
};

export type WebhookDeps = {
  accept: Accept;
  /** Absent: every caller counts as one that is not known yet. */
  admit?: Admit;
  maxBody: number;
  metrics: Pick<Metrics, "rejected">;
  log: Pick<Log, "warn">;
};

/**
 * `POST /webhooks/:source`. No body parser stands before it: a source needs the raw bytes for signatures, and SNS sends its JSON as
 * text/plain.
 */
export function webhookHandler(deps: WebhookDeps): RequestHandler<Params> {
  const enter = createBodyGate(deps.admit, deps.maxBody);
  const turn = createTurns(MOST_PER_TURN);
  return async (request, response) => {
    try {
      const leave = enter(request, request.params.source);
      let body: Buffer;
      try {
        body = await readBody(request, deps.maxBody);
      } catch (error) {
        throw countUnread(deps, request, error);
      } finally {
        leave();
      }
      const begun = body.length < LARGE ? undefined : turn(body.length);
      if (begun !== undefined) await begun;
      const answer = await deps.accept(request.params.source, { headers: request.headers, body });
      const { rejected, details } = answer;
      if (rejected !== undefined) deps.log.warn({ ...aboutCall(request), rejected, details }, "alerts rejected");
      sendJson(request, response, 202, answer);
    } catch (error) {
      logRefusal(deps, request, error);
      throw error;
    }
  };
}

/** The hop behind counts what it refuses; a body that could not be read never gets there. */
function countUnread({ metrics }: WebhookDeps, { params }: Request<Params>, error: unknown): unknown {
  const code = codeOf(error);
  if (code === "too_large" || code === "invalid_request") metrics.rejected(labelOf(params.source), code);
  return error;
}

/** One line without a stack: a refusal was foreseen, and its sentence says what to do. A bug is logged with its stack where it is answered. */
function logRefusal({ log }: WebhookDeps, request: Request<Params>, error: unknown): void {
  if (!(error instanceof AppError)) return;
  const { code, message: reason, faults } = error;
  const details = faults.length > 0 ? { details: faults } : {};
  log.warn({ ...aboutCall(request), code, reason, ...details }, "webhook refused");
}

/** Which call a line of the log is about; the sender finds its request id in the answer. */
function aboutCall(request: Request<Params>): Readonly<Record<string, unknown>> {
  return {
    source: labelOf(request.params.source),
    path: request.path.slice(0, LONGEST_PATH),
    remote: request.socket.remoteAddress,
    requestId: requestIdOf(request),
  };
}

function labelOf(source: string): string {
  return SOURCE_NAMES.find((name) => name === source) ?? "unknown";
}
