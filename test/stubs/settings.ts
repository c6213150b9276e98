import { createHash } from "node:crypto";
import { runAsProcess, type StubReply, type StubRequest, type StubServer, startStub } from "./server.ts";

type Settings = Record<string, unknown>;

export type SettingsStub = StubServer & {
  settings: Settings;
  /** Accepted changes that changed something, in order. */
  effects: { key: string | undefined; after: Settings }[];
  /** Answers without an ETag, as simple gateways do. */
  plain: boolean;
  /** Accepts every PUT and ignores it. */
  deaf: boolean;
};

export const STUB_SETTINGS = { FALLBACK_ENABLED: false, SHED_RATE: 0, MODE: "normal" };

/** A gateway's settings resource with ETag and If-Match, and a few endpoints for checks and requests. */
export async function startSettingsStub(port = 0): Promise<SettingsStub> {
  const state = {
    settings: { ...STUB_SETTINGS } as Settings,
    effects: [] as SettingsStub["effects"],
    plain: false,
    deaf: false,
  };
  const stub: SettingsStub = Object.assign(
    state,
    await startStub({ handle: (request) => route(stub, request), report }, port),
  );
  function report() {
    return { settings: state.settings, effects: state.effects };
  }
  return stub;
}

function route(stub: SettingsStub, request: StubRequest): StubReply {
  switch (request.label) {
    case "GET /settings":
      return { status: 200, body: stub.settings, headers: stub.plain ? {} : { etag: etagOf(stub.settings) } };
    case "PUT /settings":
      return put(stub, request);
    case "GET /health":
      return { status: 200, body: { status: "ok" } };
    case "GET /sick":
      return { status: 503, body: { status: "sick" } };
    case "GET /moved":
      return { status: 302, headers: { location: "/health" } };
    case "POST /admin/reset":
      return reset(stub, request);
    case "POST /echo":
      return { status: 200, body: { headers: request.headers, body: request.body } };
    default:
      return { status: 404, body: { error: "no such route" } };
  }
}

function put(stub: SettingsStub, { headers, body }: StubRequest): StubReply {
  if (headers["content-type"] !== "application/json") return { status: 415, body: { error: "JSON only" } };
  const wanted: unknown = JSON.parse(body);
  if (typeof wanted !== "object" || wanted === null || Array.isArray(wanted))
    return { status: 422, body: { error: "not an object" } };
  const match = headers["if-match"];
  if (!stub.plain && match === undefined) return { status: 428, body: { error: "If-Match is required" } };
  if (!stub.plain && match !== etagOf(stub.settings)) return { status: 412, body: { error: "changed since" } };
  if (stub.deaf) return { status: 200, body: stub.settings };
  const after = wanted as Settings;
  const key = headers["idempotency-key"];
  if (JSON.stringify(after) !== JSON.stringify(stub.settings))
    stub.effects.push({ key: typeof key === "string" ? key : undefined, after });
  stub.settings = after;
  return { status: 200, body: after, headers: stub.plain ? {} : { etag: etagOf(after) } };
}

function reset(stub: SettingsStub, { headers }: StubRequest): StubReply {
  const key = headers["idempotency-key"];
  if (typeof key !== "string" || key === "") return { status: 400, body: { error: "no Idempotency-Key" } };
  if (!stub.effects.some((effect) => effect.key === key)) stub.effects.push({ key, after: stub.settings });
  return { status: 200, body: { reset: true } };
}

function etagOf(settings: Settings): string {
  return `"${createHash("sha256").update(JSON.stringify(settings)).digest("hex").slice(0, 16)}"`;
}

if (import.meta.main) await runAsProcess(startSettingsStub);
