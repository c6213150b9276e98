import { z } from "zod";
import type { Alert } from "../../core/alert.ts";
import type { Connection } from "../../core/connection.ts";
import { callEndpoint, jsonOf, urlEndpoint } from "../http/endpoint.ts";

const Found = z.array(z.object({ fingerprint: z.string() }));

/**
 * Whether Alertmanager still knows an alert (`GET /api/v2/alerts`, silenced and inhibited ones included): asked when its
 * notifications have stopped coming. `unreadable` when it cannot be asked.
 */
export async function alertPresence(
  connection: Connection<"alertmanager">,
  alert: Pick<Alert, "fingerprint" | "labels">,
  signal: AbortSignal,
): Promise<"firing" | "gone" | "unreadable"> {
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
