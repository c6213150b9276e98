import { z } from "zod";
import type { ActionFailure } from "../../core/action.ts";
import type { Connection } from "../../core/connection.ts";
import { failure } from "../failure.ts";
import { type Call, callEndpoint, type Endpoint, jsonOf, refusal } from "../http/endpoint.ts";
import { openAgent } from "../http/guard.ts";

/** An event of the Events API v2. Events with one `dedupKey` are one PagerDuty incident, however often they are sent. */
export type PagerDutyEvent = { dedupKey: string } & (
  | { action: "acknowledge" | "resolve" }
  | {
      action: "trigger";
      summary: string;
      source: string;
      severity: "critical" | "error" | "warning" | "info";
      component?: string | undefined;
      details?: Readonly<Record<string, unknown>> | undefined;
    }
);

const DEFAULT_URL = "https://events.pagerduty.com";

const Accepted = z.object({ status: z.literal("success"), dedup_key: z.string() });

/** Sends one event. Repeating it is harmless, so every failure that may pass is retryable. */
export async function sendPagerDuty(
  connection: Connection<"pagerduty">,
  event: PagerDutyEvent,
  signal: AbortSignal,
): Promise<{ ok: true; dedupKey: string } | ActionFailure> {
  const endpoint = endpointOf(connection);
  const call = callOf(connection, event);
  const sent = await callEndpoint(endpoint, { signal, fence() {} }, call);
  if (!sent.ok) return sent;
  if (sent.answer.status !== 202) return refusal(endpoint, call, sent.answer);
  const accepted = Accepted.safeParse(jsonOf(sent.answer));
  return accepted.success
    ? { ok: true, dedupKey: accepted.data.dedup_key }
    : failure("bad_response", `${call.act}: the answer is not PagerDuty's`, { retryable: true });
}

function endpointOf(connection: Connection<"pagerduty">): Endpoint {
  const { routingKey, url = DEFAULT_URL } = connection.settings;
  const dispatcher = connection.use(openAgent, (agent) => agent.destroy());
  return { name: connection.name, base: new URL(url), headers: {}, secrets: [routingKey], dispatcher };
}

function callOf({ name, settings }: Connection<"pagerduty">, event: PagerDutyEvent): Call {
  const common = { routing_key: settings.routingKey, event_action: event.action, dedup_key: event.dedupKey };
  return {
    act: event.action === "trigger" ? `paging ${name}` : `sending ${event.action} to ${name}`,
    method: "POST",
    path: "/v2/enqueue",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(
      event.action === "trigger" ? { ...common, client: "stanch", payload: payloadOf(event) } : common,
    ),
    timeout: 10_000,
    mutating: false,
  };
}

function payloadOf({ summary, source, severity, component, details }: Extract<PagerDutyEvent, { action: "trigger" }>) {
  return { summary: summary.slice(0, 1_024), source, severity, component, custom_details: details };
}
