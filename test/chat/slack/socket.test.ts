import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { createSocket } from "../../../src/chat/slack/socket.ts";
import { type Log, silentLog } from "../../../src/core/log.ts";
import { type SlackDouble, startSlack } from "../../support/slack.ts";
import { fakeDesk, viewOf } from "../../support/slack-desk.ts";
import { eventually, startFront } from "../../support/slack-front.ts";

describe("Socket Mode", () => {
  let slack: SlackDouble;
  beforeEach(async () => {
    slack = await startSlack();
  });
  afterEach(() => slack.stop());

  test("comes back at once when Slack asks for a new connection, and commands go on", async () => {
    const desk = fakeDesk([viewOf()]);
    const front = await startFront("socket", slack, { desk });
    slack.socketMode.refresh();
    await slack.socketMode.connected(2);
    await front.deliver("slash_commands", { command: "/stanch", text: "ack inc-12", user_id: slack.userId("anna") });
    await eventually(() => desk.decided[0]);
    await front.stop();
  });

  test("a token that Slack refuses is said and tried again; it ends no process and comes in when it is taken", async () => {
    const said: string[] = [];
    const log: Log = { ...silentLog, warn: (fields, message) => said.push(`${message} ${JSON.stringify(fields)}`) };
    slack.fault = ({ method }) => (method === "apps.connections.open" ? { error: "invalid_auth" } : undefined);
    const socket = createSocket({ appToken: "xapp-wrong", apiUrl: slack.apiUrl, log });
    socket.start();
    await eventually(() => said.some((line) => /cannot connect.*invalid_auth/.test(line)) || undefined);
    slack.fault = () => undefined;
    await slack.socketMode.connected(1);
    await socket.stop();
  });

  test("stopping while Slack is away ends at once", async () => {
    slack.fault = () => "hang";
    const socket = createSocket({ appToken: "xapp-1", apiUrl: slack.apiUrl, log: silentLog });
    socket.start();
    await eventually(() => slack.calls[0]);
    const start = Date.now();
    await socket.stop();
    assert.ok(Date.now() - start < 1_500);
    slack.release();
  });
});
