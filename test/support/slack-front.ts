import type { AddressInfo } from "node:net";
import express from "express";
import { createSlack, createUserGroups, SLACK_PATH, type Slack } from "../../src/chat/index.ts";
import { silentLog } from "../../src/core/log.ts";
import { formBody, type SlackDouble, slackSignature } from "./slack.ts";
import type { FakeDesk } from "./slack-desk.ts";
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
