import { z } from "zod";
import { runAsProcess, type StubReply, type StubRequest, type StubServer, startStub } from "./server.ts";

export const ROUTING_KEY = "R0UT1NGKEY0123456789abcdefABCDEF";

const Common = { routing_key: z.string().length(32), dedup_key: z.string().max(255).optional() };
const Event = z.discriminatedUnion("event_action", [
  z.strictObject({ ...Common, event_action: z.enum(["acknowledge", "resolve"]), dedup_key: z.string().max(255) }),
  z.strictObject({
    ...Common,
    event_action: z.literal("trigger"),
    client: z.string().optional(),
    payload: z.strictObject({
      summary: z.string().min(1).max(1024),
      source: z.string().min(1),
      severity: z.enum(["critical", "error", "warning", "info"]),
      component: z.string().optional(),
      custom_details: z.record(z.string(), z.unknown()).optional(),
    }),
  }),
]);

export type PagerDutyStub = StubServer & {
  /** Open incidents by dedup key, with how often each was triggered. */
  incidents: Map<string, number>;
  events: z.infer<typeof Event>[];
  /** Routing keys it knows. */
  keys: Set<string>;
};

/** PagerDuty's Events API v2. */
export async function startPagerDutyStub(port = 0): Promise<PagerDutyStub> {
  const world = {
    keys: new Set([ROUTING_KEY]),
    incidents: new Map<string, number>(),
    events: [] as PagerDutyStub["events"],
  };
  const report = () => ({ incidents: Object.fromEntries(world.incidents), events: world.events });
  const stub = await startStub({ handle: (request) => enqueue(world, request), report }, port);
  return Object.assign(world, stub);
}

function enqueue(
  { incidents, events, keys }: Pick<PagerDutyStub, "incidents" | "events" | "keys">,
  request: StubRequest,
): StubReply {
  if (request.label !== "POST /v2/enqueue") return { status: 404, body: "" };
  const parsed = Event.safeParse(JSON.parse(request.body));
  if (!parsed.success) return invalid(parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`));
  const event = parsed.data;
  if (!keys.has(event.routing_key)) return invalid(["routing_key is invalid"]);
  const key = event.dedup_key ?? `generated-${events.length}`;
  events.push(event);
  if (event.event_action === "trigger") incidents.set(key, (incidents.get(key) ?? 0) + 1);
  if (event.event_action === "resolve") incidents.delete(key);
  return { status: 202, body: { status: "success", message: "Event processed", dedup_key: key } };
}

function invalid(errors: readonly string[]): StubReply {
  return { status: 400, body: { status: "invalid event", message: "Event object is invalid", errors } };
}

if (import.meta.main) await runAsProcess(startPagerDutyStub);
