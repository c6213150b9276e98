import { createHmac, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { parse } from "node:querystring";
import { createEmulator } from "emulate";
import { type WebSocket, WebSocketServer } from "ws";
import { slackFaults } from "./slack-limits.ts";

export type SlackCall = { method: string; args: Record<string, unknown>; token: string };
export type SlackMessage = {
  ts: string;
  text: string;
  user: string;
  blocks?: unknown[];
  attachments?: unknown[];
  thread_ts?: string;
  metadata?: { event_type: string; event_payload: Record<string, unknown> };
  edited?: unknown;
};

/** What a fault does to a call: `lost` never arrives, `dropped` takes effect but its answer is lost, `hang` is never answered. */
export type Fault = "lost" | "dropped" | "hang" | { limited: number } | { error: string } | undefined;

export type SlackDouble = Awaited<ReturnType<typeof startSlack>>;

type Seed = { users?: readonly string[]; channels?: readonly string[] };

/**
 * The Slack Web API emulator behind a proxy that records every call, refuses in a test what Slack would refuse of blocks
 * (`faults`), fails on demand, and adds what the emulator lacks: user groups, response URLs and Socket Mode.
 */
export async function startSlack({
  users = ["anna", "ben"],
  channels = ["platform-alerts", "sec-incidents"],
}: Seed = {}) {
  const emulator = await createEmulator({
    service: "slack",
    port: 0,
    seed: {
      tokens: Object.fromEntries(users.map((login) => [`xoxp-${login}`, { login }])),
      slack: {
        users: users.map((name) => ({ name, real_name: name })),
        channels: channels.map((name) => ({ name })),
      },
    },
  });
  const double = {
    calls: [] as SlackCall[],
    faults: [] as string[],
    responses: [] as { id: string; body: Record<string, unknown> }[],
    userGroups: new Map<string, { handle: string; users: string[] }>(),
    /** What `x-oauth-scopes` says; undefined: nothing. */
    scopes: undefined as readonly string[] | undefined,
    /** Decides what goes wrong with a call; undefined: nothing. */
    fault: (_call: SlackCall): Fault => undefined,
  };
  const sockets = new Set<Socket>();
  const hanging = new Set<Socket>();
  const server = createServer((request, response) => {
    answer(request, response).catch(() => request.socket.destroy());
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const socketMode = createSocketMode(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const path = new URL(request.url ?? "/", url).pathname;
    if (path.startsWith("/response/")) return keep(path, body, response);
    const method = path.replace("/api/", "");
    const args = argsOf(request, body);
    const call = { method, args, token: String(request.headers.authorization ?? "").replace("Bearer ", "") };
    double.calls.push(call);
    double.faults.push(
      ...contentOf(call)
        .flatMap((content) => slackFaults(content))
        .map((fault) => `${method}: ${fault}`),
    );
    const fault = double.fault(call);
    if (fault === "hang") return void hanging.add(request.socket);
    if (fault === "lost") return void request.socket.destroy();
    if (typeof fault === "object" && "limited" in fault) {
      response.writeHead(429, { "retry-after": String(fault.limited) }).end();
      return;
    }
    if (typeof fault === "object") return json(response, { ok: false, error: fault.error });
    if (double.scopes) response.setHeader("x-oauth-scopes", double.scopes.join(","));
    const result = extras(call) ?? (await forward(method, args));
    if (fault === "dropped") return void request.socket.destroy();
    json(response, result);
  }

  function keep(path: string, body: string, response: ServerResponse): void {
    const content = JSON.parse(body) as Record<string, unknown>;
    double.responses.push({ id: path.replace("/response/", ""), body: content });
    double.faults.push(...slackFaults(content).map((fault) => `response_url: ${fault}`));
    json(response, { ok: true });
  }

  function extras({ method, args }: SlackCall): object | undefined {
    if (method === "apps.connections.open") return { ok: true, url: `${url.replace("http", "ws")}/socket` };
    if (method === "usergroups.list") {
      return { ok: true, usergroups: [...double.userGroups].map(([id, { handle }]) => ({ id, handle })) };
    }
    if (method !== "usergroups.users.list") return undefined;
    const group = double.userGroups.get(String(args["usergroup"]));
    return group ? { ok: true, users: group.users } : { ok: false, error: "no_such_subteam" };
  }

  /** Calls the emulator itself, past the proxy; as the app, or as one of the users. */
  async function forward(method: string, args: object, user?: string): Promise<Record<string, unknown>> {
    const response = await fetch(`${emulator.url}/api/${method}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${user === undefined ? "xoxb-test" : `xoxp-${user}`}`,
        "content-type": "application/json",
      },
      body: JSON.stringify(args),
    });
    return (await response.json()) as Record<string, unknown>;
  }

  const members = (await forward("users.list", {}))["members"] as { id: string; name: string }[];
  const rooms = (await forward("conversations.list", { types: "public_channel,private_channel" }))["channels"] as {
    id: string;
    name: string;
  }[];

  return Object.assign(double, {
    url,
    apiUrl: `${url}/api/`,
    forward,
    socketMode,
    userId: (name: string) => members.find((member) => member.name === name)?.id ?? "",
    channelId: (name: string) => rooms.find((room) => room.name === name)?.id ?? "",
    async history(channel: string): Promise<SlackMessage[]> {
      const { messages } = await forward("conversations.history", { channel, limit: 1000 });
      return (messages as SlackMessage[]).reverse();
    },
    /** A thread's replies, in order, without the message they hang on. */
    async thread(channel: string, ts: string): Promise<SlackMessage[]> {
      const { messages } = await forward("conversations.replies", { channel, ts });
      return (messages as SlackMessage[]).filter((message) => message.ts !== ts);
    },
    triggerId: async (user: string) =>
      String((await forward("views.generateTriggerId", { user_id: user }))["trigger_id"]),
    responseUrl: (id: string = randomUUID()) => `${url}/response/${id}`,
    /** Ends the calls that hang, without an answer. */
    release(): void {
      for (const socket of hanging) socket.destroy();
      hanging.clear();
    },
    async stop(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      socketMode.stop();
      await new Promise((resolve) => server.close(resolve));
      await emulator.close();
    },
  });
}

function json(response: ServerResponse, body: object): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** The arguments of a call, with what the client sent as JSON text taken apart. */
function argsOf(request: IncomingMessage, body: string): Record<string, unknown> {
  if (String(request.headers["content-type"]).includes("json")) return JSON.parse(body || "{}");
  return Object.fromEntries(
    Object.entries(parse(body)).map(([key, value]) => [
      key,
      /^(\[|\{|true$|false$)/.test(String(value)) ? JSON.parse(String(value)) : value,
    ]),
  );
}

/** The parts of a call that people would see. */
function contentOf({ method, args }: SlackCall): Readonly<Record<string, unknown>>[] {
  if (method.startsWith("chat.")) return [args];
  if (method.startsWith("views.")) return [args["view"] as Record<string, unknown>];
  return [];
}

/** The other end of Socket Mode: hands out envelopes and waits for their acknowledgements. */
function createSocketMode(server: ReturnType<typeof createServer>) {
  const wss = new WebSocketServer({ server, path: "/socket" });
  const acks = new Map<string, (payload: unknown) => void>();
  let current: WebSocket | undefined;
  let connections = 0;
  const waiting = new Set<() => void>();
  wss.on("connection", (socket) => {
    current = socket;
    connections += 1;
    socket.on("message", (data) => {
      const { envelope_id: id, payload } = JSON.parse(String(data)) as { envelope_id: string; payload: unknown };
      acks.get(id)?.(payload);
    });
    socket.send(JSON.stringify({ type: "hello" }));
    for (const wake of waiting) wake();
  });
  return {
    connections: () => connections,
    async connected(atLeast = 1): Promise<void> {
      while (connections < atLeast) await new Promise<void>((resolve) => waiting.add(resolve));
    },
    /** Asks the client to come back on a new connection, as Slack does every few hours. */
    refresh: () => current?.send(JSON.stringify({ type: "disconnect", reason: "refresh_requested" })),
    send(type: string, payload: unknown): Promise<unknown> {
      const id = randomUUID();
      return new Promise((resolve) => {
        acks.set(id, resolve);
        current?.send(JSON.stringify({ type, envelope_id: id, payload, accepts_response_payload: true }));
      });
    },
    stop(): void {
      for (const client of wss.clients) client.terminate();
      wss.close();
    },
  };
}

/** The headers Slack puts on a request; `at` is in seconds. */
export function slackSignature(
  secret: string,
  body: string,
  at = Math.floor(Date.now() / 1000),
): Record<string, string> {
  const digest = createHmac("sha256", secret).update(`v0:${at}:${body}`).digest("hex");
  return { "x-slack-request-timestamp": String(at), "x-slack-signature": `v0=${digest}` };
}

/** The body of an interaction or a command as Slack sends it over HTTP. */
export function formBody(
  kind: "interactive" | "slash_commands" | "events_api",
  payload: Record<string, unknown>,
): string {
  if (kind === "interactive") return new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  if (kind === "events_api") return JSON.stringify(payload);
  return new URLSearchParams(
    Object.fromEntries(Object.entries(payload).map(([key, value]) => [key, String(value)])),
  ).toString();
}
