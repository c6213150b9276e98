import type { AlertGroup, SightingGroup, SourceName } from "./alert.ts";

/** A webhook call before anyone trusts it. Header names are lower case; `body` is the raw bytes. */
export type WebhookRequest = {
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Buffer;
};

/** What a source made of a call: a group to accept, or something it dealt with itself (an SNS confirmation). */
export type Received = { kind: "group"; group: SightingGroup } | { kind: "handled"; note: string };

/**
 * One way in for alerts. `receive` authenticates, then reads what accept needs; `parse` reads all, is pure, and is used on the kept
 * body by assess, plan and replay. It reads every body that `receive` has taken.
 * @throws AppError `unauthorized` for wrong or missing credentials, `invalid_request` with the field's path for a body it
 * cannot read, `unavailable` when it cannot decide now (the sender should retry).
 */
export type Source = {
  name: SourceName;
  /** The first half of `receive`, where it can stand alone: a body that is known already is not parsed again then. */
  authenticate?(request: WebhookRequest): void;
  /** Where headers alone tell who calls: checks them, so that nobody else gets a large body read. */
  admit?(headers: WebhookRequest["headers"]): void;
  receive(request: WebhookRequest): Received | Promise<Received>;
  parse(body: string): AlertGroup;
};
