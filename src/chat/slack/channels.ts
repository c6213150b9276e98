import type { Config } from "../../core/config.ts";
import type { IncidentView } from "../../core/views.ts";
import { type Api, type Failure, listIn, memberOf, stringIn } from "./api.ts";

/** Where an incident is shown: the first route whose matchers all hold on its labels, else the default channel. */
export function routeOf(settings: Config["slack"], view: IncidentView): { channel: string; private: boolean } {
  const route = settings.routes.find((one) => one.match.every((matcher) => matcher.test(view.incident.labels)));
  return { channel: (route?.channel ?? settings.channel).trim(), private: route?.private ?? false };
}

/** Finds the id of a channel that the configuration names. */
export type Channels = { idOf(name: string): Promise<{ ok: true; id: string } | Failure> };

/** Ids stand for themselves; names are looked up once, private channels included where the app is a member. */
export function createChannels(api: Api): Channels {
  const known = new Map<string, string>();
  return {
    async idOf(name) {
      if (/^[CGD][A-Z0-9]{6,}$/.test(name)) return { ok: true, id: name };
      const bare = name.replace(/^#/, "").toLowerCase();
      const cached = known.get(bare);
      if (cached !== undefined) return { ok: true, id: cached };
      const failure = await readAll(api, known);
      const id = known.get(bare);
      if (id !== undefined) return { ok: true, id };
      return failure ?? notFound(bare);
    },
  };
}

/** Channel names to ids, page by page; at most 20 pages of 1,000. */
async function readAll(api: Api, known: Map<string, string>): Promise<Failure | undefined> {
  let cursor: string | undefined;
  for (let page = 0; page < 20; page += 1) {
    const answer = await api.call("conversations.list", {
      types: "public_channel,private_channel",
      exclude_archived: true,
      limit: 1000,
      ...(cursor !== undefined && { cursor }),
    });
    if (!answer.ok) return answer;
    for (const channel of listIn(answer.body, "channels")) {
      const [id, name] = [stringIn(channel, "id"), stringIn(channel, "name")];
      if (id !== undefined && name !== undefined && memberOf(channel, ["is_archived"]) !== true)
        known.set(name.toLowerCase(), id);
    }
    cursor = stringIn(answer.body, "response_metadata", "next_cursor");
    if (cursor === undefined) return undefined;
  }
  return undefined;
}

function notFound(name: string): Failure {
  const why = `Slack channel #${name}: there is no such channel that the app can see; create it, or invite the app with /invite`;
  return { ok: false, kind: "refused", code: "channel_not_found", retryAfter: 60_000, why };
}
