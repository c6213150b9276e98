import { createHmac } from "node:crypto";
import type { SourceSettings } from "../core/config.ts";
import { cut } from "../core/cut.ts";
import { AppError } from "../core/errors.ts";
import type { Source, WebhookRequest } from "../core/source.ts";
import type { Instant } from "../core/time.ts";
import { authenticator, equalSecrets, headerOf } from "./webhook/auth.ts";
import { type BodyFormat, parseBody } from "./webhook/body.ts";
import { bodyText, isObject, type JsonObject, textOf } from "./webhook/fields.ts";
import { LABEL_LIMITS, type Labels } from "./webhook/labels.ts";

type GrafanaSettings = NonNullable<SourceSettings["grafana"]>;
type Hmac = Extract<GrafanaSettings, { kind: "hmac" }>;

const SIGNATURE_HEADER = "x-grafana-alerting-signature";
const OLDEST_SIGNATURE_MS = 5 * 60_000;

/**
 * Grafana's webhook contact point: Alertmanager's shape with `version: "1"`. What the rule measured becomes annotations
 * `value_REFID`, so that facts can fall back on it.
 */
export function createGrafana(settings: GrafanaSettings, deps: { now(): Instant }): Source {
  const format: BodyFormat = { source: "grafana", now: deps.now, annotate };
  const byHeaders = settings.kind === "hmac" ? undefined : authenticator("grafana", settings);
  const authenticate = (request: WebhookRequest): void =>
    settings.kind === "hmac" ? checkSignature(settings, request, deps.now()) : byHeaders?.(request.headers);
  return {
    name: "grafana",
    authenticate,
    ...(byHeaders && { admit: byHeaders }),
    receive(request) {
      authenticate(request);
      return { kind: "group", group: parseBody(format, bodyText(request.body)) };
    },
    parse: (body) => parseBody(format, body),
  };
}

/** Hex HMAC-SHA256 of the body, or of `timestamp:body` where a timestamp header is configured (grafana/alerting, HMAC round tripper). */
function checkSignature(settings: Hmac, { headers, body }: WebhookRequest, now: Instant): void {
  const sent = headerOf(headers, SIGNATURE_HEADER);
  if (sent === undefined) throw new AppError("unauthorized", `grafana: the header ${SIGNATURE_HEADER} is missing`);
  const mac = createHmac("sha256", settings.secret);
  if (settings.timestampHeader !== undefined) mac.update(`${freshTimestamp(settings.timestampHeader, headers, now)}:`);
  const expected = mac.update(body).digest("hex");
  if (!equalSecrets(Buffer.from(sent.trim().toLowerCase()), Buffer.from(expected))) {
    throw new AppError("unauthorized", "grafana: the signature does not fit the body; compare the HMAC secrets");
  }
}

function freshTimestamp(name: string, headers: WebhookRequest["headers"], now: Instant): string {
  const timestamp = headerOf(headers, name.toLowerCase());
  if (timestamp === undefined) throw new AppError("unauthorized", `grafana: the header ${name} is missing`);
  const age = /^\d{1,15}$/.test(timestamp) ? Math.abs(now - Number(timestamp) * 1000) : Number.POSITIVE_INFINITY;
  if (age > OLDEST_SIGNATURE_MS) {
    throw new AppError("unauthorized", "grafana: the signature is older than 5 minutes, or the clocks differ");
  }
  return timestamp;
}

/** Adds the measured values; an annotation that the rule wrote itself stays. */
function annotate(raw: JsonObject, annotations: Labels): Labels {
  const text = textOf(raw.valueString);
  const values = isObject(raw.values) ? Object.entries(raw.values).slice(0, LABEL_LIMITS.count) : [];
  const measured = values
    .filter(([, value]) => typeof value === "number")
    .map(([refId, value]) => [`value_${refId.replace(/\W/g, "_").slice(0, LABEL_LIMITS.name)}`, String(value)]);
  return { ...(text !== undefined && { value_string: cut(text) }), ...Object.fromEntries(measured), ...annotations };
}
