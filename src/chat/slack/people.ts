import type { Config } from "../../core/config.ts";
import type { Actor } from "../../core/decision.ts";
import { AppError } from "../../core/errors.ts";
import type { Instant, Milliseconds } from "../../core/time.ts";
import { type Api, type ApiOptions, createApi, listIn, memberOf, stringIn } from "./api.ts";
import { type Mrkdwn, mention } from "./text.ts";

type ApprovalSettings = Config["approvals"];

/** Who clicked or typed; `person` when `approvals.people` maps the Slack user, so that one person counts once. */
export function actorOf(settings: ApprovalSettings, slackUser: string): Actor {
  const person = Object.entries(settings.people).find(([, ids]) => ids.slack === slackUser)?.[0];
  const name = person ?? `slack:${slackUser}`;
  return { name, via: "slack", role: "operator", slackUser, ...(person !== undefined && { person }) };
}

/** The mentions that call an approval group: its user groups, its users, and its people with a Slack user. */
export function groupMentions({ groups, people }: ApprovalSettings, name: string): readonly Mrkdwn[] {
  const group = groups[name];
  if (!group) return [];
  const ids = [
    ...group.slackUserGroups,
    ...group.slackUsers,
    ...group.people.map((person) => people[person]?.slack ?? ""),
  ];
  return [...new Set(ids)]
    .map(mention)
    .filter((found) => found !== undefined)
    .slice(0, 20);
}

/** Whether a Slack user may decide for this group. @throws AppError `unavailable` when a user group cannot be read. */
export async function isInGroup(
  settings: ApprovalSettings,
  resolveUserGroup: (id: string) => Promise<ReadonlySet<string>>,
  who: { slackUser: string; group: string },
): Promise<boolean> {
  const group = settings.groups[who.group];
  if (!group) return false;
  if (group.slackUsers.includes(who.slackUser)) return true;
  if (group.people.some((person) => settings.people[person]?.slack === who.slackUser)) return true;
  for (const id of group.slackUserGroups) if ((await resolveUserGroup(id)).has(who.slackUser)) return true;
  return false;
}

/** How long the members of a user group are believed. */
const MEMBERS_FOR: Milliseconds = 60_000;

/**
 * Reads who is in a Slack user group, for the approval groups; an answer is kept for a minute.
 * @throws AppError `unavailable` when Slack does not say: the caller must refuse then.
 */
export function createUserGroups({
  now,
  ...options
}: ApiOptions & { now: () => Instant }): (id: string) => Promise<ReadonlySet<string>> {
  const api = createApi(options);
  const known = new Map<string, { members: ReadonlySet<string>; until: Instant }>();
  return async (id) => {
    const cached = known.get(id);
    if (cached && cached.until > now()) return cached.members;
    const answer = await api.call("usergroups.users.list", { usergroup: id });
    if (!answer.ok) {
      const remedy =
        answer.code === "missing_scope"
          ? "; grant usergroups:read"
          : "; try again, or name the people in approvals.groups";
      throw new AppError("unavailable", `reading the members of Slack user group ${id}: ${answer.why}${remedy}`);
    }
    const users = memberOf(answer.body, ["users"]);
    const members = new Set(Array.isArray(users) ? users.filter((user) => typeof user === "string") : []);
    known.set(id, { members, until: now() + MEMBERS_FOR });
    return members;
  };
}

/** Turns `slack:@platform-oncall` of the escalation settings into mentions: an approval group, an id, or a user group's handle. */
export async function calledBy(
  deps: { api: Api; approvals: ApprovalSettings },
  notify: readonly string[],
): Promise<readonly Mrkdwn[]> {
  const names = notify
    .filter((target) => target.startsWith("slack:") && !target.startsWith("slack:#"))
    .map((target) => target.slice(6).replace(/^@/, ""));
  const found = await Promise.all(names.map((name) => namedMention(deps, name)));
  return found.flat();
}

async function namedMention(
  { api, approvals }: { api: Api; approvals: ApprovalSettings },
  name: string,
): Promise<readonly Mrkdwn[]> {
  const group = groupMentions(approvals, name);
  if (group.length > 0) return group;
  const direct = mention(approvals.people[name]?.slack ?? name);
  if (direct) return [direct];
  const answer = await api.call("usergroups.list", {});
  const id = answer.ok ? listIn(answer.body, "usergroups").find((one) => one["handle"] === name) : undefined;
  const handle = mention(stringIn(id, "id") ?? "");
  return handle ? [handle] : [{ mrkdwn: `@${name.replace(/[^\w.-]/g, "")}` }];
}
