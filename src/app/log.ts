import { type DestinationStream, pino } from "pino";
import type { Log } from "../core/log.ts";
import { redactText } from "../core/redact.ts";

const SECRETS = [
  "token",
  "password",
  "secret",
  "authorization",
  "signingSecret",
  "botToken",
  "appToken",
  "headers",
  "url",
  "redisUrl",
];

/** The process's log: JSON lines on standard error, so that standard output stays for what people asked for. */
export function createLog(level: string, to: DestinationStream = pino.destination(2)): Log {
  const paths = SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
  const redact = { paths, censor: "[redacted]" };
  return pino({ level, redact, serializers: { err: errorFields }, base: { service: "stanch" } }, to);
}

/**
 * What is logged of an error: its kind, words, stack and code, and those of its causes. Whatever else a library hangs on it stays
 * out: ioredis adds the command that was refused, with the password of an AUTH or the whole body of an alert.
 */
function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return typeof error === "string" ? redactText(error) : error;
  const { type, message, stack } = pino.stdSerializers.err(error);
  const code: unknown = Reflect.get(error, "code");
  return { type, message: redactText(message), stack: redactText(stack), ...(typeof code === "string" && { code }) };
}
