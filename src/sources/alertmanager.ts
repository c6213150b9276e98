import type { WebhookAuth } from "../core/config.ts";
import type { Source } from "../core/source.ts";
import type { Instant } from "../core/time.ts";
import { bodyScanner } from "./scan/body.ts";
import { authenticator } from "./webhook/auth.ts";
import { type BodyFormat, parseBody } from "./webhook/body.ts";
import { bodyText } from "./webhook/fields.ts";

/** Prometheus Alertmanager's webhook (body version 4). It can send bearer and basic credentials, and signs nothing. */
export function createAlertmanager(auth: WebhookAuth, deps: { now(): Instant }): Source {
  const authenticate = authenticator("alertmanager", auth);
  const format: BodyFormat = { source: "alertmanager", now: deps.now };
  const scan = bodyScanner("alertmanager");
  return {
    name: "alertmanager",
    authenticate: ({ headers }) => authenticate(headers),
    admit: authenticate,
    receive({ headers, body }) {
      authenticate(headers);
      return { kind: "group", group: scan(body) ?? parseBody(format, bodyText(body)) };
    },
    parse: (body) => parseBody(format, body),
  };
}
