import { App, ExpressReceiver } from "@slack/bolt";
import { type RequestHandler, Router } from "express";
import { uuidv7 } from "uuidv7";
import type { Chat } from "../../core/chat.ts";
import type { Config } from "../../core/config.ts";
import type { Desk } from "../../core/desk.ts";
import type { Incident } from "../../core/incident.ts";
import type { Log } from "../../core/log.ts";
import type { Instant } from "../../core/time.ts";
import { createApi, slackLogger, stringIn } from "./api.ts";
import { ACTION } from "./buttons.ts";
import { createChannels } from "./channels.ts";
import { refuseReplays } from "./freshness.ts";
import { createIdentity } from "./identity.ts";
import { type InboundDeps, onAction, onCommand, onRejection, showHome } from "./inbound.ts";
import { REJECT_VIEW } from "./modals.ts";
import { createNotes } from "./notes.ts";
import { createPacer } from "./pacer.ts";
import { createPublish } from "./publish.ts";
import { archiveRoom } from "./rooms.ts";
import { createSocket } from "./socket.ts";

/** Where Slack's HTTP requests arrive, relative to the server's root. */
export const SLACK_PATH = "/slack/events";

/** What Slack needs: its tokens, the desk behind it, and where incidents are shown. */
export type SlackOptions = {
  botToken: string;
  /** With it, `receiver` takes Slack's HTTP requests. */
  signingSecret?: string;
  /** With it, Socket Mode is connected by `start`. */
  appToken?: string;
  /** Ends in `/api/`; Slack's own when absent. */
  apiUrl?: string;
  desk: Desk;
  slack: Config["slack"];
  approvals: Config["approvals"];
  /** With levels, they alone call people; without, a need for a person calls the default approval group. */
  escalation?: Config["escalation"];
  /** See `createUserGroups`. */
  resolveUserGroup: (id: string) => Promise<ReadonlySet<string>>;
  log: Log;
  now: () => Instant;
};

/**
 * Slack: `chat` publishes, `receiver` is mounted on the server before any body parser, `start` connects what needs a connection
 * and never fails because Slack is away, `stop` lets answers under way finish (2 s).
 */
export type Slack = { chat: Chat; receiver?: RequestHandler; start(): Promise<void>; stop(): Promise<void> };

/** Makes the chat and the front; nothing is connected before `start`. */
export function createSlack(options: SlackOptions): Slack {
  const { log, now } = options;
  const api = createApi(options);
  const identity = createIdentity(api, now);
  const channels = createChannels(api);
  const publish = createPublish({
    ...options,
    api,
    identity,
    channels,
    pacer: createPacer(),
    publisher: uuidv7(),
  });
  const archive = (incident: Incident) => archiveRoom({ api, channels, slack: options.slack }, incident);
  const inbound = { ...options, api, quick: createApi({ ...options, timeout: QUICK }), archive };
  const front = createFront(options, inbound);
  return {
    chat: { name: "slack", publish },
    ...(front.http && { receiver: mounted(front.http, { now, log }) }),
    async start() {
      front.socket?.start();
      void identity();
    },
    stop: front.stop,
  };
}

/** A trigger_id lives for three seconds. */
const QUICK = 2_000;

type Front = { http?: ExpressReceiver; socket?: ReturnType<typeof createSocket>; stop(): Promise<void> };

/** Bolt with one or both receivers, one set of listeners. */
function createFront(options: SlackOptions, deps: InboundDeps): Front {
  const { signingSecret, appToken, apiUrl, log } = options;
  const logger = slackLogger(log);
  const http =
    signingSecret === undefined ? undefined : new ExpressReceiver({ signingSecret, endpoints: SLACK_PATH, logger });
  const socket =
    appToken === undefined ? undefined : createSocket({ appToken, log, ...(apiUrl !== undefined && { apiUrl }) });
  const receiver = http ?? socket?.receiver;
  const underWay = new Set<Promise<void>>();
  if (receiver) {
    // Bolt's own authorization asks Slack before it acknowledges; while Slack hangs nothing would be acknowledged.
    const authorize = async () => ({ botToken: options.botToken });
    const app = new App({ receiver, authorize, logger, convoStore: false, ignoreSelf: false });
    if (socket && receiver !== socket.receiver) socket.receiver.init(app);
    listen(app, deps, (work) => track(underWay, log, work));
  }
  return {
    ...(http && { http }),
    ...(socket && { socket }),
    async stop() {
      await socket?.stop();
      await Promise.race([Promise.allSettled(underWay), new Promise((resolve) => setTimeout(resolve, 2_000).unref())]);
    },
  };
}

/** Each listener acknowledges before anything else is done. */
function listen(app: App, deps: InboundDeps, later: (work: Promise<void>) => void): void {
  const notes = createNotes(deps);
  app.command(/^\/stanch/, async ({ ack, body }) => {
    await ack();
    later(onCommand(deps, body));
  });
  app.action(ACTION, async ({ ack, body }) => {
    await ack();
    later(onAction(deps, body));
  });
  app.view(REJECT_VIEW, async ({ ack, body }) => {
    await ack();
    later(onRejection(deps, body));
  });
  app.event("app_home_opened", async ({ event }) => later(showHome(deps, event.user)));
  app.event("message", async ({ event }) => later(notes.onMessage(event)));
  app.event("reaction_added", async ({ event }) => later(notes.onReaction(event)));
  app.error(async (error) => {
    deps.log.error({ err: error, code: stringIn(error, "code") }, "a request from slack could not be handled");
  });
}

function track(underWay: Set<Promise<void>>, log: Log, work: Promise<void>): void {
  const settled = work
    .catch((error: unknown) => log.error({ err: error }, "answering slack"))
    .finally(() => underWay.delete(settled));
  underWay.add(settled);
}

function mounted(http: ExpressReceiver, deps: { now: () => Instant; log: Log }): RequestHandler {
  const router = Router();
  router.post(SLACK_PATH, refuseReplays(deps));
  router.use(http.router);
  return router;
}
