import { randomUUID } from "node:crypto";
import { z } from "zod";
import { runAsProcess, type StubReply, type StubRequest, type StubServer, startStub } from "./server.ts";

const PostSilence = z.strictObject({
  id: z.string().optional(),
  matchers: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        value: z.string(),
        isRegex: z.boolean(),
        isEqual: z.boolean().optional(),
      }),
    )
    .min(1)
    .refine((all) => all.some(({ value }) => value !== ""), "at least one matcher must not match the empty string"),
  startsAt: z.iso.datetime(),
  endsAt: z.iso.datetime(),
  createdBy: z.string().min(1),
  comment: z.string().min(1),
});

export type StubSilence = z.infer<typeof PostSilence> & {
  id: string;
  status: { state: "active" | "expired" };
  updatedAt: string;
};

export type AlertmanagerStub = StubServer & {
  silences: StubSilence[];
  effects: { kind: "created" | "expired"; id: string }[];
  /** Labels of what fires, by fingerprint. */
  alerts: Map<string, Record<string, string>>;
  /** Since when it runs. */
  started: { at: Date };
  /** An active silence that somebody made. */
  makeSilence(id: string): StubSilence;
};

/** Alertmanager's API v2 as far as silences go, and what of alerts is asked. */
export async function startAlertmanagerStub(port = 0): Promise<AlertmanagerStub> {
  const world: World = { silences: [], effects: [], alerts: new Map(), started: { at: new Date(0) } };
  const stub = await startStub({ handle: (request) => route(world, request), report: () => world }, port);
  return Object.assign(world, stub, { makeSilence });
}

function makeSilence(id: string): StubSilence {
  const now = new Date().toISOString();
  const matchers = [{ name: "alertname", value: "Other", isRegex: false, isEqual: true }];
  const common = { startsAt: now, endsAt: now, createdBy: "anna", comment: "maintenance", updatedAt: now };
  return { ...common, id, matchers, status: { state: "active" } };
}

type World = Pick<AlertmanagerStub, "silences" | "effects" | "alerts" | "started">;

function route(world: World, request: StubRequest): StubReply {
  if (request.label === "GET /api/v2/silences") return { status: 200, body: world.silences };
  if (request.label === "POST /api/v2/silences") return create(world, request);
  if (request.label === "GET /api/v2/status") return { status: 200, body: { uptime: world.started.at.toISOString() } };
  if (request.label === "GET /api/v2/alerts") {
    return { status: 200, body: [...world.alerts].map(([fingerprint, labels]) => ({ fingerprint, labels })) };
  }
  const [, id] = /^\/api\/v2\/silence\/([^/]+)$/.exec(request.url.pathname) ?? [];
  const silence = world.silences.find((one) => one.id === id);
  if (id === undefined || !silence) return { status: 404 };
  if (request.method === "GET") return { status: 200, body: silence };
  if (request.method !== "DELETE") return { status: 405 };
  if (silence.status.state === "expired") return { status: 500, body: "silence already expired" };
  silence.status.state = "expired";
  world.effects.push({ kind: "expired", id });
  return { status: 200 };
}

function create({ silences, effects }: World, { headers, body }: StubRequest): StubReply {
  if (headers["content-type"] !== "application/json") return { status: 415, body: "unsupported media type" };
  const parsed = PostSilence.safeParse(JSON.parse(body));
  if (!parsed.success) return { status: 400, body: z.prettifyError(parsed.error) };
  if (Date.parse(parsed.data.endsAt) <= Date.now()) return { status: 400, body: "end time can't be in the past" };
  const silence: StubSilence = {
    ...parsed.data,
    id: randomUUID(),
    status: { state: "active" },
    updatedAt: new Date().toISOString(),
  };
  silences.push(silence);
  effects.push({ kind: "created", id: silence.id });
  return { status: 200, body: { silenceID: silence.id } };
}

if (import.meta.main) await runAsProcess(startAlertmanagerStub);
