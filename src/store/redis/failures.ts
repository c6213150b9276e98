import { AppError } from "../../core/errors.ts";

/** Replies with which Redis says "not now" or "not you": nothing was written, and an operator can mend it. */
const REFUSALS =
  /\b(OOM|READONLY|LOADING|MISCONF|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOAUTH|NOPERM|WRONGPASS)\b/;

/** What to do about the commonest refusals. */
const REMEDIES: Readonly<Record<string, string>> = {
  OOM: "it is full: raise maxmemory",
  READONLY: "it is a replica: point REDIS_URL at the primary",
  MISCONF: "it cannot write its disk: see its log",
  NOAUTH: "put the password into REDIS_URL",
  WRONGPASS: "correct the password in REDIS_URL",
  NOPERM: "grant the user all commands on keys {stanch}:*",
};

/** Turns what ioredis threw into AppError `unavailable`; a reply that only a bug can cause comes back as it is. */
export function failureOf(error: Error, address: string): Error;
export function failureOf(error: unknown, address: string): unknown;
export function failureOf(error: unknown, address: string): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error;
  const reach = `reaching Redis at ${address}`;
  if (error.name !== "ReplyError")
    return new AppError("unavailable", `${reach}: ${wordsOf(error)}; check that it runs and can be reached`, {
      cause: error,
    });
  const refusal = REFUSALS.exec(error.message)?.[1];
  if (refusal === undefined) return error;
  const remedy = REMEDIES[refusal] ?? "try again, and see its log if this lasts";
  return new AppError("unavailable", `${reach}: it answered ${refusal}; ${remedy}`, { cause: error, refused: true });
}

/** The client's own words are about its settings, where they are not about the connection. */
function wordsOf({ name, message }: Error): string {
  return name === "MaxRetriesPerRequestError" ? "the connection was lost, or there is none" : message;
}
