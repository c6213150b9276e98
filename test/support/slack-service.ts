import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, createApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { silentLog } from "../../src/core/log.ts";
import { startRedis } from "./redis.ts";
import { formBody, type SlackDouble, type SlackMessage, slackSignature, startSlack } from "./slack.ts";
import { type Content, eventually, post } from "./slack-front.ts";

const SECRET = "8f742231b10e8888abcd99yyyzzz85a5";

/** The whole service with Redis and Slack, and a gateway with one setting for playbooks to change. */
export type Service = {
  slack: SlackDouble;
  anna: string;
  ben: string;
  channel: string;
  /** What the gateway's setting is, and how often it was written. */
  gateway: { fallback: boolean; writes: number };
  alert(labels: Readonly<Record<string, string>>, status?: "firing" | "resolved", count?: number): Promise<void>;
  api<T>(path: string): Promise<T>;
  /** Messages of the channel with this mark, oldest first. */
  marked(type: string, channel?: string): Promise<SlackMessage[]>;
  thread(message: SlackMessage): Promise<string>;
  /** The incident message that names this alert, once it is there. */
  incident(alertname: string): Promise<SlackMessage>;
  /** The approval message that names this incident's title, once it is there and its text matches. */
  approval(title: string, text?: RegExp): Promise<SlackMessage>;
  /** Presses a button of a message as shown, and gives the private answer. */
  press(message: SlackMessage, button: string, user?: string): Promise<Content>;
  /** The same request again, with the same signature: the status. */
  replay(): Promise<number>;
  say(text: string, user?: string): Promise<Content>;
  event(inner: Readonly<Record<string, unknown>>): Promise<void>;
  stop(): Promise<void>;
};

type Setup = { yaml?: string; playbooks: readonly string[] };

/** Starts everything on free ports over HTTP; `yaml` is added to the configuration. */
export async function startService({ yaml = "", playbooks }: Setup): Promise<Service> {
  const [redis, slack, gateway] = await Promise.all([startRedis(), startSlack(), startGateway()]);
  slack.userGroups.set("S045DEFGH", { handle: "platform-oncall", users: [] });
  const [anna, ben, channel] = [slack.userId("anna"), slack.userId("ben"), slack.channelId("platform-alerts")];
  const dir = await mkdtemp(join(tmpdir(), "stanch-slack-"));
  await mkdir(join(dir, "playbooks"));
  await Promise.all(playbooks.map((text, index) => writeFile(join(dir, "playbooks", `p${index}.yaml`), text)));
  await writeFile(join(dir, "stanch.yaml"), configText(anna, gateway.url, yaml));
  const environment = {
    PORT: "0",
    REDIS_URL: redis.url,
    STANCH_PLAYBOOKS: join(dir, "playbooks"),
    LOG_LEVEL: "silent",
    SLACK_BOT_TOKEN: "xoxb-test",
    SLACK_SIGNING_SECRET: SECRET,
    SLACK_API_URL: slack.apiUrl,
  };
  const config = loadConfig({ file: join(dir, "stanch.yaml"), environment, insecureDev: true });
  const app = await createApp(config, { insecureDev: true, log: silentLog, sweepEvery: 200 });
  const { port } = await app.start();
  return {
    ...clientOf(`http://127.0.0.1:${port}`, { slack, anna, ben, channel }),
    gateway: gateway.state,
    stop: () => stopAll(app, [redis.stop, slack.stop, gateway.stop, () => rm(dir, { recursive: true, force: true })]),
  };
}

async function stopAll(app: App, others: readonly (() => Promise<unknown>)[]): Promise<void> {
  await app.stop(1_000);
  await Promise.all(others.map((stop) => stop()));
}

function configText(anna: string, gateway: string, more: string): string {
  return `version: 1
severity:
  - { level: P0, when: 'alert.labels.severity == "critical"' }
  - { level: P1, when: 'true' }
incidents: { correlate-by: [service], reopen-within: 1s, reassess-every: 1s }
approvals:
  people: { anna: { slack: ${anna} } }
  groups: { platform-oncall: { people: [anna], slack-user-groups: [S045DEFGH] } }
  default: { group: platform-oncall, required: 1, requester-may-approve: true, expires: 15m, on-expiry: escalate }
${/^slack:/m.test(more) ? "" : 'slack: { channel: "#platform-alerts" }'}
connections:
  http: { gateway: { base-url: "${gateway}", allow-private: true } }
  settings: { gateway: { kind: http, http: gateway, path: /settings, allow: { FALLBACK: { type: boolean } } } }
${more}`;
}

type Stage = Pick<Service, "slack" | "anna" | "ben" | "channel">;

function clientOf(url: string, stage: Stage): Omit<Service, "gateway" | "stop"> {
  const { slack, anna, channel } = stage;
  let last = { body: "", headers: {} as Record<string, string> };
  const send = async (kind: "interactive" | "slash_commands" | "events_api", payload: Record<string, unknown>) => {
    const body = formBody(kind, payload);
    last = { body, headers: slackSignature(SECRET, body) };
    const response = await post(`${url}/slack/events`, body, { headers: last.headers, kind });
    assert.equal(response.status, 200);
  };
  const answerTo = async (id: string) =>
    (await eventually(() => slack.responses.find((one) => one.id === id), 10_000)).body as Content;
  const marked = async (type: string, where = channel) =>
    (await slack.history(where)).filter((message) => message.metadata?.event_type === type);
  const find = (type: string, fits: (message: SlackMessage) => boolean) =>
    eventually(async () => (await marked(type)).findLast(fits), 15_000);
  return {
    ...stage,
    marked,
    async alert(labels, status = "firing", count = 1) {
      const one = (n: number) => alertOf({ ...labels, ...(count > 1 && { instance: `node-${n}` }) }, status);
      const alerts = Array.from({ length: count }, (_, n) => one(n));
      const body = JSON.stringify({ version: "4", groupKey: JSON.stringify(labels), status, receiver: "r", alerts });
      const response = await fetch(`${url}/webhooks/alertmanager`, { method: "POST", body });
      assert.equal(response.status, 202);
    },
    api: async <T>(path: string) => (await (await fetch(`${url}/api/v1${path}`)).json()) as T,
    thread: async ({ ts }) => (await slack.thread(channel, ts)).map(({ text }) => text).join("\n"),
    incident: (alertname) => find("stanch_incident", ({ text }) => text.includes(alertname)),
    approval: (title, wanted = /needed|objects/) =>
      find("stanch_approval", ({ text, blocks }) => JSON.stringify(blocks).includes(`(${title})`) && wanted.test(text)),
    async press(message, button, user = anna) {
      const id = randomUUID();
      await send("interactive", {
        type: "block_actions",
        user: { id: user, team_id: "T000000001" },
        team: { id: "T000000001" },
        trigger_id: await slack.triggerId(user),
        channel: { id: channel },
        response_url: slack.responseUrl(id),
        actions: [{ type: "button", action_id: "stanch:x", value: commandOf(message, button), n: id }],
      });
      return answerTo(id);
    },
    async replay() {
      return (await post(`${url}/slack/events`, last.body, { headers: last.headers, kind: "interactive" })).status;
    },
    async say(text, user = anna) {
      const id = randomUUID();
      const common = { command: "/stanch", text, user_id: user, channel_id: channel, team_id: "T000000001" };
      await send("slash_commands", { ...common, response_url: slack.responseUrl(id), trigger_id: id });
      return answerTo(id);
    },
    event: (inner) =>
      send("events_api", {
        type: "event_callback",
        team_id: "T000000001",
        event_id: `Ev${randomUUID()}`,
        event: inner,
      }),
  };
}

function alertOf(labels: Readonly<Record<string, string>>, status: "firing" | "resolved"): object {
  const endsAt = status === "firing" ? "0001-01-01T00:00:00Z" : new Date().toISOString();
  const annotations = { summary: `${labels["alertname"]} is above its limit` };
  return { status, labels, annotations, startsAt: new Date(Date.now() - 60_000).toISOString(), endsAt };
}

/** The command that a shown button carries. */
function commandOf({ blocks, attachments, text }: SlackMessage, button: string): string {
  const found = new RegExp(`"text":"${button}"[^}]*\\},"action_id":"[^"]*","value":"((?:[^"\\\\]|\\\\.)*)"`).exec(
    JSON.stringify([blocks, attachments]),
  );
  assert.ok(found, `no button ${button} on ${text}`);
  return JSON.parse(`"${found[1]}"`) as string;
}

async function startGateway() {
  const state = { fallback: false, writes: 0 };
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    if (request.method === "PUT") {
      state.fallback = (JSON.parse(body) as { FALLBACK: boolean }).FALLBACK;
      state.writes += 1;
    }
    response.writeHead(200, { etag: `"${state.writes}"` }).end(JSON.stringify({ FALLBACK: state.fallback }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { state, url, stop };
}

/** A playbook for an alert of its name that sets FALLBACK, under a lease, and sees the gateway answer; `more` are further keys. */
export function fallbackPlaybook(name: string, more: string): string {
  return `name: ${name}
description: Send requests to the fallback provider.
match: ['alertname = "${name}"']
severity: [P0, P1]
target: settings:gateway
steps:
  - { id: enable, uses: settings.set, with: { connection: gateway, name: FALLBACK, value: true }, lease: { for: 2h } }
verify:
  checks: [{ uses: http.check, with: { connection: gateway, path: /health }, expect: status == 200 }]
  every: 1s
  hold: 1s
  within: 20s
${more}
`;
}
