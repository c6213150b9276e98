import type { TestContext } from "node:test";
import { type Log, silentLog } from "../../src/core/log.ts";
import { type AcceptIntake, accept, admit } from "../../src/flow/accept.ts";
import { createMetrics } from "../../src/http/metrics.ts";
import type { HttpOptions } from "../../src/http/server.ts";
import { createSources } from "../../src/sources/index.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { startHttp } from "./support.ts";

export const AUTH = { authorization: "Bearer t" };
export const HOOK = "/webhooks/alertmanager";

/** The whole first hop: HTTP, the real sources, the real flow, and the memory intake unless another is given. */
export async function startHooks(t: TestContext, changes: Partial<HttpOptions> & { intake?: AcceptIntake } = {}) {
  const { intake } = createMemoryStore();
  const metrics = createMetrics({ log: silentLog });
  const sources = createSources(
    { alertmanager: { kind: "bearer", token: "t" } },
    {
      now: () => Date.now(),
      fetchCertificate: async () => "",
      confirmSubscription: async () => {},
    },
  );
  const deps = { sources, intake: changes.intake ?? intake, metrics, log: silentLog, clock: () => performance.now() };
  const hop: Pick<HttpOptions, "accept" | "admit"> = {
    accept: (source, request) => accept(deps, source, request),
    admit: (source, headers) => admit(deps, source, headers),
  };
  const http = await startHttp(t, { ...hop, metrics, ...changes });
  const post = (body: string | Buffer, headers: Record<string, string> = {}, path = HOOK) =>
    http.ask(path, { method: "POST", body, headers: { ...AUTH, ...headers } });
  const counted = async (line: string) => (await http.ask("/metrics")).text.split("\n").includes(line);
  return { ...http, post, intake, counted };
}

type Line = [level: string, fields: Record<string, unknown>, message: string];

/** A log that keeps what it is told above debug. */
export function keepingLog(): { log: Log; lines: Line[] } {
  const lines: Line[] = [];
  const at = (level: string) => (fields: object, message: string) => void lines.push([level, { ...fields }, message]);
  return { log: { debug() {}, info: at("info"), warn: at("warn"), error: at("error") }, lines };
}

const alert = (n: number) => ({
  status: "firing",
  labels: { alertname: "Down", service: `service-${n}`, note: "x".repeat(300) },
  annotations: { summary: "it is down" },
  startsAt: "2026-11-21T12:00:00Z",
  endsAt: "0001-01-01T00:00:00Z",
});
/** A body of so many alerts. */
export const group = (count: number) =>
  JSON.stringify({ groupKey: "g", alerts: Array.from({ length: count }, (_, n) => alert(n)) });
