import { pino } from "pino";
import type { Log } from "../core/log.ts";

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
export function createLog(level: string): Log {
  const paths = SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
  return pino({ level, redact: { paths, censor: "[redacted]" }, base: { service: "stanch" } }, pino.destination(2));
}
