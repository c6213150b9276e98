import { z } from "zod";
import type { Alert } from "../../core/alert.ts";
import type { Connection } from "../../core/connection.ts";
import type { Milliseconds } from "../../core/time.ts";
import { callEndpoint, jsonOf, urlEndpoint } from "../http/endpoint.ts";

const Found = z.array(z.object({ fingerprint: z.string() }));
const Status = z.object({ uptime: z.iso.datetime({ offset: true }) });

/** Alertmanager keeps no alerts over a restart; Prometheus tells it what fires within minutes (`--rules.alert.resend-delay`). */
const TOLD_WITHIN: Milliseconds = 300_000;

type Presence = "firing" | "gone" | "unreadable";
type Asked = Pick<Alert, "fingerprint" | "labels">;

/**
 * Whether any of these Alertmanagers, which may be a pair, still knows an alert: asked when its notifications have stopped coming.
 * `gone` when none does, and each has run for long enough to have been told; `unreadable` when that cannot be said.
 */
export async function stillKnown(
  connections: readonly Connection<"alertmanager">[],
  alert: Asked,
  signal: AbortSignal,
): Promise<Presence> {
  const answers = await Promise.all(connections.map((connection) => toldPresence(connection, alert, signal)));
  if (answers.includes("firing")) return "firing";
  return answers.length > 0 && answers.every((one) => one === "gone") ? "gone" : "unreadable";
}

async function toldPresence(connection: Connection<"alertmanager">, alert: Asked, signal: AbortSignal) {
  const presence = await alertPresence(connection, alert, signal);
  return presence === "gone" && !(await hasBeenTold(connection, signal)) ? "unreadable" : presence;
}

/** By its own clock: the status says since when it runs, the answer's `date` what time it is there. */
async function hasBeenTold(connection: Connection<"alertmanager">, signal: AbortSignal): Promise<boolean> {
  const act = `asking alertmanager ${connection.name} since when it runs`;
  const call = { act, method: "GET", path: "/api/v2/status", timeout: 5_000, mutating: false, limit: 1024 * 1024 };
  const sent = await callEndpoint(urlEndpoint(connection), { signal, fence() {} }, call);
  const status = sent.ok ? Status.safeParse(jsonOf(sent.answer)) : undefined;
  if (!sent.ok || !status?.success) return false;
  return Date.parse(sent.answer.headers["date"] ?? "") - Date.parse(status.data.uptime) >= TOLD_WITHIN;
}

/**
 * Whether one Alertmanager knows an alert just now (`GET /api/v2/alerts`, silenced and inhibited ones included); `unreadable` when
 * it cannot be asked.
 */
export async function alertPresence(
  connection: Connection<"alertmanager">,
  alert: Asked,
  signal: AbortSignal,
): Promise<Presence> {
  const query = new URLSearchParams({ active: "true", silenced: "true", inhibited: "true", unprocessed: "true" });
  const name = alert.labels["alertname"];
  if (name !== undefined) query.append("filter", `alertname=${JSON.stringify(name)}`);
  const sent = await callEndpoint(
    urlEndpoint(connection),
    { signal, fence() {} },
    {
      act: `asking alertmanager ${connection.name} for an alert`,
      method: "GET",
      path: `/api/v2/alerts?${query}`,
      timeout: 5_000,
      mutating: false,
      limit: 8 * 1024 * 1024,
    },
  );
  if (!sent.ok || sent.answer.status !== 200 || sent.answer.cut) return "unreadable";
  const found = Found.safeParse(jsonOf(sent.answer));
  if (!found.success) return "unreadable";
  return found.data.some((one) => one.fingerprint === alert.fingerprint) ? "firing" : "gone";
}
