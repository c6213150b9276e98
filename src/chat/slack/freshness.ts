import type { RequestHandler } from "express";
import type { Log } from "../../core/log.ts";
import type { Instant, Milliseconds } from "../../core/time.ts";

/** Bolt refuses what is older than five minutes; a clock ahead of ours by more than this is refused here. */
const AHEAD: Milliseconds = 60_000;
/** A signature is remembered for as long as Bolt would take it once more. */
const REMEMBERED: Milliseconds = 6 * 60_000 + AHEAD;

/**
 * Stands before Bolt's receiver and refuses with 401 what it lets through: requests signed for the future, and a signature
 * that was used already. A request that Bolt then refuses has not used its signature.
 */
export function refuseReplays({ now, log }: { now: () => Instant; log: Log }): RequestHandler {
  const used = new Map<string, Instant>();
  return (request, response, next) => {
    const signature = request.get("x-slack-signature") ?? "";
    const signedAt = Number(request.get("x-slack-request-timestamp")) * 1000;
    forgetBefore(used, now() - REMEMBERED);
    const reason = signedAt > now() + AHEAD ? "signed for the future" : used.has(signature) ? "replayed" : undefined;
    if (reason !== undefined) {
      log.warn({ reason }, "a request in slack's name was refused");
      response.status(401).end();
      return;
    }
    if (signature !== "") used.set(signature, now());
    response.once("finish", () => {
      if (response.statusCode >= 400) used.delete(signature);
    });
    next();
  };
}

/** Entries are in the order of their times. */
function forgetBefore(used: Map<string, Instant>, before: Instant): void {
  for (const [signature, at] of used) {
    if (at >= before) return;
    used.delete(signature);
  }
}
