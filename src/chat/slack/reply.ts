import type { Log } from "../../core/log.ts";
import { type Api, slackLogger } from "./api.ts";
import type { Block } from "./blocks.ts";
import { cut } from "./text.ts";
import type { Answer } from "./verb.ts";

/** Where an answer goes: the address Slack gave for it (5 uses in 30 minutes), else the channel, for this user alone. */
export type ReplyTo = { responseUrl?: string; channel?: string; user: string };

/** `api` is the way when there is no response URL. */
export type ReplyDeps = { api: Api; log: Log };

const TIMEOUT = 8_000;

/** Tells the person; `here` shows it to everyone in the channel. Never throws: an answer that cannot be delivered is logged. */
export async function reply(
  { api, log }: ReplyDeps,
  to: ReplyTo,
  answer: Answer,
  options: { here?: boolean; replace?: boolean } = {},
): Promise<void> {
  const text = cut(answer.text, 3000).mrkdwn;
  const visibility = options.here ? "in_channel" : "ephemeral";
  const content = {
    text,
    blocks: answer.blocks,
    response_type: visibility,
    replace_original: options.replace === true,
  };
  if (to.responseUrl !== undefined && (await posted(log, to.responseUrl, content))) return;
  const fallback = await postToUser(api, to, { text, blocks: answer.blocks });
  if (fallback !== undefined) log.warn({ user: to.user, why: fallback }, "an answer in slack could not be delivered");
}

async function posted(log: Log, url: string, content: object): Promise<boolean> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(content),
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT),
    });
    await response.body?.cancel();
    return response.ok;
  } catch (error) {
    slackLogger(log).warn("answering by response_url:", error);
    return false;
  }
}

async function postToUser(
  api: Api,
  { channel, user }: ReplyTo,
  content: { text: string; blocks: readonly Block[] },
): Promise<string | undefined> {
  if (channel === undefined) return "there is no channel to answer in";
  const answer = await api.call("chat.postEphemeral", { channel, user, ...content, parse: "none" });
  return answer.ok ? undefined : answer.why;
}
