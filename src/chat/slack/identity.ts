import type { Instant } from "../../core/time.ts";
import { type Api, stringIn } from "./api.ts";
import { link, type Mrkdwn } from "./text.ts";

/** Who the app is in its workspace, as far as Slack has told yet. */
export type Identity = { userId?: string; url?: string };

const ASK_AGAIN = 60_000;

/** Asks Slack once who we are; while it does not answer, the identity is empty and it is asked again a minute later. */
export function createIdentity(api: Api, now: () => Instant): () => Promise<Identity> {
  let known: Identity | undefined;
  let nextTry: Instant = 0;
  return async () => {
    if (known || now() < nextTry) return known ?? {};
    nextTry = now() + ASK_AGAIN;
    const answer = await api.call("auth.test", {});
    if (!answer.ok) return {};
    const [userId, url] = [stringIn(answer.body, "user_id"), stringIn(answer.body, "url")];
    known = { ...(userId !== undefined && { userId }), ...(url !== undefined && { url }) };
    return known;
  };
}

/** A link to a message, in the form Slack's own permalinks have; undefined while the workspace's address is unknown. */
export function messageLink({ url }: Identity, at: { channel: string; ts: string }, words: string): Mrkdwn | undefined {
  if (url === undefined) return undefined;
  return link(`${url.replace(/\/$/, "")}/archives/${at.channel}/p${at.ts.replace(".", "")}`, words);
}
