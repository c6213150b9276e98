import type { Config } from "../../core/config.ts";
import type { Log } from "../../core/log.ts";
import { type Api, createApi, memberOf, stringIn } from "./api.ts";
import { createChannels } from "./channels.ts";

/**
 * Each scope of `slack-manifest.yaml` and what needs it: Web API methods, or a sentence for what Slack sends by itself.
 * A test holds it against the manifest and against the methods that are called.
 */
export const SCOPES: Readonly<Record<string, readonly string[]>> = {
  "chat:write": ["chat.postMessage", "chat.update", "chat.postEphemeral"],
  commands: ["the command /stanch"],
  "channels:read": ["conversations.list", "conversations.info"],
  "groups:read": ["conversations.list", "conversations.info"],
  "channels:history": ["conversations.history", "conversations.replies", "what people write in threads"],
  "groups:history": ["conversations.history", "conversations.replies", "what people write in threads"],
  "channels:manage": [
    "conversations.create",
    "conversations.setPurpose",
    "conversations.setTopic",
    "conversations.invite",
    "conversations.archive",
  ],
  "groups:write": [
    "conversations.create",
    "conversations.setPurpose",
    "conversations.setTopic",
    "conversations.invite",
    "conversations.archive",
  ],
  "reactions:read": ["the stopwatch on a message"],
  "usergroups:read": ["usergroups.list", "usergroups.users.list"],
};

/** Methods that need no scope. */
export const UNSCOPED: readonly string[] = ["auth.test", "views.open", "views.publish", "apps.connections.open"];

/** One thing that was looked at; `remedy` says what to do when it is not as it should be. */
export type Finding = { what: string; ok: boolean; remedy?: string };

/** The same settings that `createSlack` takes, without the desk. */
export type DoctorOptions = {
  botToken: string;
  signingSecret?: string;
  appToken?: string;
  apiUrl?: string;
  slack: Config["slack"];
  approvals: Config["approvals"];
  log: Log;
};

/** Looks at token, scopes, channels, user groups and the way clicks come back; changes nothing and never throws. */
export async function examineSlack(options: DoctorOptions): Promise<readonly Finding[]> {
  const api = createApi(options);
  const auth = await api.call("auth.test", {});
  if (!auth.ok) return [{ what: "bot token", ok: false, remedy: auth.why }];
  const name = `${stringIn(auth.body, "user") ?? "?"} in ${stringIn(auth.body, "team") ?? "?"}`;
  const [channels, groups, socket] = await Promise.all([
    examineChannels(api, options.slack),
    examineGroups(api, options.approvals),
    examineSocket(options),
  ]);
  return [{ what: `bot token: ${name}`, ok: true }, ...examineScopes(auth.body), ...channels, ...groups, ...socket];
}

function examineScopes(body: unknown): readonly Finding[] {
  const granted = memberOf(body, ["response_metadata", "scopes"]);
  if (!Array.isArray(granted)) return [];
  const missing = Object.keys(SCOPES).filter((scope) => !granted.includes(scope));
  if (missing.length === 0) return [{ what: "scopes", ok: true }];
  const remedy = `grant ${missing.join(", ")} (slack-manifest.yaml has them all) and install the app again`;
  return [{ what: "scopes", ok: false, remedy }];
}

async function examineChannels(api: Api, slack: Config["slack"]): Promise<readonly Finding[]> {
  const channels = createChannels(api);
  const names = [...new Set([slack.channel, ...slack.routes.map((route) => route.channel)])];
  return Promise.all(
    names.map(async (name): Promise<Finding> => {
      const what = `channel ${name}`;
      const found = await channels.idOf(name);
      if (!found.ok) return { what, ok: false, remedy: found.why };
      const info = await api.call("conversations.info", { channel: found.id });
      if (!info.ok) return { what, ok: false, remedy: info.why };
      if (memberOf(info.body, ["channel", "is_member"]) === true) return { what, ok: true };
      return { what, ok: false, remedy: `the app is not in it; type /invite @stanch in ${name}` };
    }),
  );
}

async function examineGroups(api: Api, { groups }: Config["approvals"]): Promise<readonly Finding[]> {
  const ids = [...new Set(Object.values(groups).flatMap((group) => group.slackUserGroups))];
  return Promise.all(
    ids.map(async (id): Promise<Finding> => {
      const members = await api.call("usergroups.users.list", { usergroup: id });
      const what = `user group ${id}`;
      return members.ok ? { what, ok: true } : { what, ok: false, remedy: members.why };
    }),
  );
}

async function examineSocket({ signingSecret, appToken, apiUrl, log }: DoctorOptions): Promise<readonly Finding[]> {
  const what = "the way clicks and commands come back";
  if (appToken === undefined) {
    if (signingSecret !== undefined) return [{ what: `${what}: HTTP, /slack/events`, ok: true }];
    const remedy = "set SLACK_SIGNING_SECRET (HTTP) or SLACK_APP_TOKEN (Socket Mode); without one stanch only posts";
    return [{ what, ok: false, remedy }];
  }
  const api = createApi({ botToken: appToken, log, ...(apiUrl !== undefined && { apiUrl }) });
  const opened = await api.call("apps.connections.open", {});
  if (opened.ok) return [{ what: `${what}: Socket Mode`, ok: true }];
  const remedy = `${opened.why}; SLACK_APP_TOKEN needs the scope connections:write`;
  return [{ what: `${what}: Socket Mode`, ok: false, remedy }];
}
