import type { IncomingMessage } from "node:http";
import { AppError } from "../core/errors.ts";
import type { WebhookRequest } from "../core/source.ts";

/**
 * Whether the headers alone prove who calls; false where only the body can.
 * @throws AppError `unauthorized` when they prove that it is somebody else, `not_found` for a source that is not configured.
 */
export type Admit = (source: string, headers: WebhookRequest["headers"]) => boolean;

/** Bodies above this size, and those that do not tell theirs, are not read for just anybody. */
const LARGE = 64 * 1024;
/** What is read at a time for callers that are not known yet: signatures are of the body. */
const MOST_UNKNOWN = 64 * 1024 * 1024;

/** Called before a body is read; the answer is called when it has been. @throws AppError as `Admit` does, and `unavailable`. */
export type BodyGate = (request: IncomingMessage, source: string) => () => void;

/** Keeps callers without credentials from filling the memory with bodies. */
export function createBodyGate(admit: Admit | undefined, maxBody: number): BodyGate {
  const most = Math.max(MOST_UNKNOWN, maxBody);
  let reading = 0;
  return (request, source) => {
    const bytes = Math.min(Number(request.headers["content-length"] ?? maxBody), maxBody);
    if (bytes <= LARGE || admit?.(source, request.headers) === true) return () => undefined;
    if (reading + bytes > most)
      throw new AppError("unavailable", "many large bodies of callers not known yet are being read; send it again");
    reading += bytes;
    return () => {
      reading -= bytes;
    };
  };
}
