import { hash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { ApiToken } from "../core/config.ts";
import { type Actor, ROLES, type Role } from "../core/decision.ts";
import { AppError } from "../core/errors.ts";

/** Who calls. @throws AppError `unauthorized`. */
export type Identify = (headers: IncomingHttpHeaders) => Actor;

const BEARER = /^Bearer +(\S+)$/i;

/**
 * Bearer tokens, compared in constant time: digests are compared, and all of them, so that neither length nor place shows.
 * With `insecure` (the flag --insecure-dev, loopback only) everybody on this machine is an admin.
 */
export function createIdentify(tokens: readonly ApiToken[], insecure: boolean): Identify {
  const known = tokens.map((token) => ({ token, digest: hash("sha256", token.token, "buffer") }));
  return (headers) => {
    const via = headers["x-stanch-via"] === "cli" ? "cli" : "api";
    if (insecure) return { name: "anonymous", via, role: "admin" };
    const token = match(known, sentToken(headers));
    if (token === undefined) throw new AppError("unauthorized", "the API token is not known; check api.tokens");
    return { name: token.name, via, role: token.role, apiToken: token.name };
  };
}

/** What this machine is called in a page of its own; a foreign name may be made to lead here, too. */
const OWN_PAGE = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/**
 * Without credentials, any page open in a browser here could post alerts and decisions to us; browsers say where a post comes from.
 * @throws AppError `forbidden`.
 */
export function assertNoForeignPage({ origin, host }: IncomingHttpHeaders): void {
  if (origin === undefined || (origin === `http://${host}` && OWN_PAGE.test(origin))) return;
  throw new AppError("forbidden", "with --insecure-dev, calls from other web pages are refused");
}

function sentToken(headers: IncomingHttpHeaders): Buffer {
  const sent = BEARER.exec(headers.authorization ?? "")?.[1];
  if (sent === undefined) throw new AppError("unauthorized", "no API token; send the header authorization: Bearer …");
  // Node decodes header bytes as latin1, so this restores the bytes that were sent.
  return Buffer.from(sent, "latin1");
}

function match(known: readonly { token: ApiToken; digest: Buffer }[], sent: Buffer): ApiToken | undefined {
  const digest = hash("sha256", sent, "buffer");
  const [found] = known.filter((candidate) => timingSafeEqual(candidate.digest, digest));
  return found?.token;
}

/** @throws AppError `forbidden` when the actor's role is below the one that is needed. */
export function assertRole(actor: Actor, needed: Role): void {
  if (ROLES.indexOf(actor.role) >= ROLES.indexOf(needed)) return;
  throw new AppError("forbidden", `this needs the role ${needed}; ${actor.name} has the role ${actor.role}`);
}
