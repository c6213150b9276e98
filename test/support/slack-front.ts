import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { after, afterEach, before, beforeEach } from "node:test";
import express from "express";
import type { Slack } from "../../src/chat/index.ts";
import { createSlack, createUserGroups, SLACK_PATH } from "../../src/chat/slack/index.ts";
import { silentLog } from "../../src/core/log.ts";
import { formBody, type SlackDouble, slackSignature, startSlack } from "./slack.ts";
import { approvalOf, type FakeDesk, fakeDesk, leaseOf, NOON, runOf, viewOf } from "./slack-desk.ts";
import { approvalSettings } from "./slack-publisher.ts";

export const SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5";

type Kind = "interactive" | "slash_commands" | "events_api";

/** Slack's side of one receiver: hands over what people do and waits for the acknowledgement. */
export type Front = {
  slack: Slack;
  /** Milliseconds until it was acknowledged. */
  deliver(kind: Kind, payload: Record<string, unknown>): Promise<number>;
  /** HTTP only: where Slack's requests go. */
  url: string;
  stop(): Promise<void>;
};

type Options = {
  desk: FakeDesk;
  now?: () => number;
  incidentChannel?: { severities: string[]; prefix: string; invite: string[] };
};

/** The app behind a real HTTP server with the receiver mounted as `http/` does it, or on a Socket Mode connection. */
export async function startFront(receiver: "http" | "socket", double: SlackDouble, options: Options): Promise<Front> {
  const { desk, now = Date.now } = options;
  const common = { botToken: "xoxb-test", apiUrl: double.apiUrl, log: silentLog, now };
  const slack = createSlack({
    ...common,
    ...(receiver === "http" ? { signingSecret: SIGNING_SECRET } : { appToken: "xapp-test" }),
    desk,
    slack: {
      channel: "#platform-alerts",
      routes: [],
      ...(options.incidentChannel && { incidentChannel: options.incidentChannel }),
    },
    approvals: approvalSettings(double),
    resolveUserGroup: createUserGroups(common),
  });
  const before = double.socketMode.connections();
  await slack.start();
  if (receiver === "socket") {
    await double.socketMode.connected(before + 1);
    return {
      slack,
      url: "",
      deliver: (kind, payload) => timed(() => double.socketMode.send(kind, payload)),
      stop: slack.stop,
    };
  }
  const app = express();
  if (slack.receiver) app.use(slack.receiver);
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${SLACK_PATH}`;
  return {
    slack,
    url,
    async deliver(kind, payload) {
      const body = formBody(kind, payload);
      return timed(async () => {
        const response = await post(url, body, { headers: slackSignature(SIGNING_SECRET, body), kind });
        if (response.status !== 200) throw new Error(`answered ${response.status}`);
      });
    },
    async stop() {
      await slack.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One request as Slack sends it; the answer is read to its end. */
export async function post(
  url: string,
  body: string,
  { headers, kind }: { headers: Record<string, string>; kind: Kind },
): Promise<Response> {
  const type = kind === "events_api" ? "application/json" : "application/x-www-form-urlencoded";
  const response = await fetch(url, { method: "POST", body, headers: { "content-type": type, ...headers } });
  await response.text();
  return response;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Waits for something to become true; fails after `within` milliseconds with what was last seen. */
export async function eventually<T>(find: () => T | undefined | Promise<T | undefined>, within = 3_000): Promise<T> {
  const end = Date.now() + within;
  while (true) {
    const found = await find();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error("it did not happen in time");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const RECEIVERS = ["http", "socket"] as const;

/** What a response URL or a window shows. */
export type Content = { text: string; blocks: unknown[]; response_type?: string; replace_original?: boolean };

/** The blocks of an answer as text, to look for words in. */
export const shown = ({ blocks }: Content): string => JSON.stringify(blocks);

type Press = { user?: string; more?: Record<string, unknown>; home?: boolean };

/** People in front of Slack: two incidents, an approval that anna may decide and ben may not, a run and a lease. */
export type FrontStage = {
  slack: SlackDouble;
  front: Front;
  desk: FakeDesk;
  anna: string;
  ben: string;
  channel: string;
  answerTo(responseId: string): Promise<Content>;
  /** Types it after `/stanch` and waits for the answer. */
  say(text: string, user?: string): Promise<Content>;
  /** Presses the button that carries this command; the result waits for the answer. */
  press(value: string, options?: Press): Promise<() => Promise<Content>>;
  event(inner: Record<string, unknown>): Record<string, unknown>;
};

/** Slack for a whole `describe`, the app anew for each test; every message must be one that Slack takes. */
export function useFront(receiver: (typeof RECEIVERS)[number]): FrontStage {
  const stage = {} as FrontStage;
  const actions: Pick<FrontStage, "answerTo" | "say" | "press" | "event"> = {
    async answerTo(responseId) {
      const found = await eventually(() => stage.slack.responses.find(({ id }) => id === responseId));
      return found.body as Content;
    },
    async say(text, user = stage.anna) {
      const id = randomUUID();
      await stage.front.deliver("slash_commands", {
        command: "/stanch",
        text,
        user_id: user,
        channel_id: stage.channel,
        team_id: "T000000001",
        response_url: stage.slack.responseUrl(id),
        trigger_id: await stage.slack.triggerId(user),
      });
      return stage.answerTo(id);
    },
    async press(value, { user = stage.anna, more = {}, home = false } = {}) {
      const id = randomUUID();
      const verb = value.split(" ")[0];
      await stage.front.deliver("interactive", {
        type: "block_actions",
        user: { id: user, team_id: "T000000001" },
        team: { id: "T000000001" },
        trigger_id: await stage.slack.triggerId(user),
        actions: [{ type: "button", action_id: `stanch:${verb}`, value, block_id: "b" }],
        ...(home
          ? { view: { type: "home" } }
          : { channel: { id: stage.channel }, response_url: stage.slack.responseUrl(id) }),
        ...more,
      });
      return () => stage.answerTo(id);
    },
    event: (inner) => ({
      type: "event_callback",
      team_id: "T000000001",
      event_id: `Ev${randomUUID()}`,
      event_time: NOON / 1000,
      event: inner,
    }),
  };
  Object.assign(stage, actions);
  before(async () => {
    stage.slack = await startSlack();
    stage.slack.userGroups.set("S045DEFGH", { handle: "oncall", users: [] });
    stage.anna = stage.slack.userId("anna");
    stage.ben = stage.slack.userId("ben");
    stage.channel = stage.slack.channelId("platform-alerts");
  });
  beforeEach(async () => {
    const approval = approvalOf({ expiresAt: Date.now() + 900_000 });
    const view = viewOf({ runs: [runOf()], approvals: [approval], leases: [leaseOf()] });
    const other = viewOf({ incident: { id: "inc-13", severity: "P0", title: "RouterDown" } });
    stage.desk = fakeDesk([view, other], [stage.anna]);
    stage.front = await startFront(receiver, stage.slack, { desk: stage.desk });
  });
  afterEach(async () => {
    stage.slack.fault = () => undefined;
    stage.slack.release();
    await stage.front.stop();
    assert.deepEqual(stage.slack.faults, [], "Slack would have refused a message");
  });
  after(() => stage.slack.stop());
  return stage;
}
