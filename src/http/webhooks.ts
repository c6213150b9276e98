import type { RequestHandler } from "express";
import { SOURCE_NAMES } from "../core/alert.ts";
import { codeOf } from "../core/errors.ts";
import type { Metrics } from "../core/metrics.ts";
import type { WebhookRequest } from "../core/source.ts";
import { sendJson } from "./answer.ts";
import { readBody } from "./body.ts";

/** The first hop: answers once the alerts are stored. @throws AppError as the source and the store do. */
export type Accept = (
  source: string,
  request: WebhookRequest,
) => Promise<{ accepted: number; unchanged: number; note?: string }>;

export type WebhookDeps = { accept: Accept; maxBody: number; metrics: Pick<Metrics, "rejected"> };

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
    sendJson(request, response, 202, await deps.accept(source, { headers: request.headers, body }));
  };
}

function labelOf(source: string): string {
  return SOURCE_NAMES.find((name) => name === source) ?? "unknown";
}
