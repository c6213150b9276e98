import { hash, timingSafeEqual } from "node:crypto";
import type { SourceName } from "../../core/alert.ts";
import type { WebhookAuth } from "../../core/config.ts";
import { AppError } from "../../core/errors.ts";
import type { WebhookRequest } from "../../core/source.ts";

/** Lower-case names, as Node gives them. */
export type Headers = WebhookRequest["headers"];

/** @throws AppError `unauthorized` when the credentials are missing or wrong. */
export type Authenticate = (headers: Headers) => void;

/** A header's value; of repeated ones the first. */
export function headerOf(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.[0];
}

/** Compares in constant time whatever the lengths: digests of both are compared. */
export function equalSecrets(a: Uint8Array, b: Uint8Array): boolean {
  return timingSafeEqual(hash("sha256", a, "buffer"), hash("sha256", b, "buffer"));
}

/** How a source checks the `authorization` header. */
export function authenticator(source: SourceName, auth: WebhookAuth): Authenticate {
  switch (auth.kind) {
    case "none":
      return () => {};
    case "bearer":
      return expecting(source, "Bearer", Buffer.from(auth.token));
    case "basic":
      return expecting(source, "Basic", Buffer.from(`${auth.username}:${auth.password}`));
    default:
      return auth satisfies never;
  }
}

function expecting(source: SourceName, scheme: "Bearer" | "Basic", expected: Buffer): Authenticate {
  const pattern = new RegExp(`^${scheme} +(.+)$`, "i");
  return (headers) => {
    const sent = pattern.exec(headerOf(headers, "authorization") ?? "")?.[1];
    if (sent === undefined) {
      throw new AppError("unauthorized", `${source}: no credentials; send the header authorization: ${scheme} …`);
    }
    // Node decodes header bytes as latin1, so this restores the bytes that were sent.
    const given = Buffer.from(sent, scheme === "Basic" ? "base64" : "latin1");
    if (!equalSecrets(given, expected)) throw new AppError("unauthorized", `${source}: the credentials are wrong`);
  };
}
