import type { Request, RequestHandler } from "express";
import { SOURCE_NAMES } from "../core/alert.ts";
import { codeOf, type Fault } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Metrics } from "../core/metrics.ts";
import type { WebhookRequest } from "../core/source.ts";
import { requestIdOf, sendJson } from "./answer.ts";
import { readBody } from "./body.ts";

const LONGEST_PATH = 200;

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
  maxBody: number;
  metrics: Pick<Metrics, "rejected">;
  log: Pick<Log, "warn">;
};

/**
 * `POST /webhooks/:source`. No body parser stands before it: a source needs the raw bytes for signatures, and SNS sends its JSON as
 * text/plain.
 */
export function webhookHandler(deps: WebhookDeps): RequestHandler<{ source: string }> {
  return async (request, response) => {
    const { source } = request.params;
    const body = await readBody(request, deps.maxBody).catch((error: unknown) => {
      // The hop behind counts what it refuses; this never gets there.
      if (codeOf(error) === "too_large") deps.metrics.rejected(labelOf(source), "too_large");
      throw error;
    });
    const answer = await deps.accept(source, { headers: request.headers, body });
    const { rejected, details } = answer;
    if (rejected !== undefined) deps.log.warn({ ...aboutCall(request), rejected, details }, "alerts rejected");
    sendJson(request, response, 202, answer);
  };
}

/** Which call a line of the log is about; the sender finds its request id in the answer. */
function aboutCall(request: Request<{ source: string }>): Readonly<Record<string, unknown>> {
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
