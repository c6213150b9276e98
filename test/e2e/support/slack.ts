import { createHmac } from "node:crypto";
import { createEmulator } from "emulate";

export type SlackMessage = {
  ts: string;
  text: string;
  user?: string;
  thread_ts?: string;
  edited?: unknown;
  blocks?: readonly SlackBlock[];
  metadata?: { event_type: string; event_payload: Readonly<Record<string, unknown>> };
};
export type SlackBlock = {
  type: string;
  block_id?: string;
  elements?: readonly { type: string; text?: { text: string }; action_id?: string; value?: string }[];
};

/** The Slack Web API emulator, what it holds, and the requests that Slack itself would send. */
export type Slack = {
  apiUrl: string;
  /** Messages of `#general`, oldest first, without thread replies. */
  history(): Promise<readonly SlackMessage[]>;
  /** Replies in a message's thread, oldest first. */
  replies(ts: string): Promise<readonly SlackMessage[]>;
  close(): Promise<void>;
};

/** A person's click as Slack sends it to the app. */
export type Click = { to: string; secret: string; user: string; message: SlackMessage; button: string; at?: number };

const CHANNEL = "C000000001";
/** Slack's trigger ids are never the same, so two clicks of one moment are signed differently. */
let clicks = 0;

export async function startSlack(): Promise<Slack> {
  const emulator = await createEmulator({ service: "slack", port: 0 });
  const call = async (method: string, body: Readonly<Record<string, string>>) => {
    const response = await fetch(`${emulator.url}/api/${method}`, {
      method: "POST",
      headers: { authorization: "Bearer xoxb-e2e", "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(body),
    });
    const answer = (await response.json()) as { ok: boolean; messages?: SlackMessage[]; error?: string };
    if (!answer.ok) throw new Error(`${method}: ${answer.error}`);
    return [...(answer.messages ?? [])].sort((a, b) => Number(a.ts) - Number(b.ts));
  };
  const options = { channel: CHANNEL, limit: "500", include_all_metadata: "true" };
  return {
    apiUrl: `${emulator.url}/api/`,
    async history() {
      const messages = await call("conversations.history", options);
      return messages.filter((message) => message.thread_ts === undefined || message.thread_ts === message.ts);
    },
    async replies(ts) {
      return (await call("conversations.replies", { ...options, ts })).filter((message) => message.ts !== ts);
    },
    close: () => emulator.close(),
  };
}

/** Sends the signed request of a click on the button with this text and returns the HTTP status. */
export async function click({ to, secret, user, message, button, at }: Click): Promise<number> {
  const block = message.blocks?.find(({ elements }) => elements?.some((element) => element.text?.text === button));
  const element = block?.elements?.find((candidate) => candidate.text?.text === button);
  if (element === undefined) throw new Error(`no button ${button} on: ${message.text}`);
  const payload = {
    type: "block_actions",
    team: { id: "T000000001", domain: "emulate" },
    user: { id: user, username: user, name: user, team_id: "T000000001" },
    api_app_id: "A000000001",
    token: "unused",
    container: { type: "message", message_ts: message.ts, channel_id: CHANNEL, is_ephemeral: false },
    trigger_id: `1.2.${++clicks}`,
    channel: { id: CHANNEL, name: "general" },
    message: { type: "message", ...message },
    // Slack's own address; nothing listens there in a test, and no outcome may depend on it.
    response_url: "http://127.0.0.1:9/response",
    actions: [
      { ...element, block_id: block?.block_id ?? "b", type: "button", action_ts: String((at ?? Date.now()) / 1000) },
    ],
  };
  return sendSigned({ to, secret, body: new URLSearchParams({ payload: JSON.stringify(payload) }).toString(), at });
}

/** POSTs a form body to `/slack/events` with Slack's signature of it (v0, HMAC-SHA256), made at `at` (milliseconds). */
export async function sendSigned(request: {
  to: string;
  secret: string;
  body: string;
  at?: number | undefined;
}): Promise<number> {
  const timestamp = String(Math.floor((request.at ?? Date.now()) / 1000));
  const signature = createHmac("sha256", request.secret).update(`v0:${timestamp}:${request.body}`).digest("hex");
  const response = await fetch(`${request.to}/slack/events`, {
    method: "POST",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      "x-slack-request-timestamp": timestamp,
      "x-slack-signature": `v0=${signature}`,
    },
    body: request.body,
  });
  await response.arrayBuffer();
  return response.status;
}
