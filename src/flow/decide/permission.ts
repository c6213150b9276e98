import type { ApprovalGroup, Config } from "../../core/config.ts";
import type { Actor, Decision } from "../../core/decision.ts";
import type { DecideDeps } from "./deps.ts";

/** What a Slack user is called who is mapped to no person. */
const SLACK = "slack:";

/** Which role each verb needs; approving needs membership of the group besides. */
const NEEDS_ADMIN: ReadonlySet<Decision["verb"]> = new Set(["reset"]);

/** Undefined when the actor's role allows the verb; otherwise the sentence that says what is missing. */
export function roleRefusal(actor: Actor, decision: Decision): string | undefined {
  if (actor.role === "viewer") return `${actor.name} may only read; ${decision.verb} needs the role operator`;
  if (NEEDS_ADMIN.has(decision.verb) && actor.role !== "admin") return `${decision.verb} needs the role admin`;
  return undefined;
}

/**
 * Whether an actor belongs to an approver group: as a person, a Slack user, a member of a Slack user group, or an API token.
 * Unreadable membership is a refusal (section 14.7).
 */
export async function groupRefusal(deps: DecideDeps, actor: Actor, name: string): Promise<string | undefined> {
  if (!deps.config.approvals.groups[name])
    return `the group ${name} is not configured, so nobody may decide this; add approvals.groups.${name}`;
  const inGroup = await membership(deps, actor, name);
  if (inGroup === "member") return undefined;
  const who = `${describeGroup(deps.config, name)} may decide this`;
  return inGroup === "unreadable"
    ? `the members of the Slack group of ${name} cannot be read right now; ${who}`
    : `${actor.name} is not in ${name}; ${who}`;
}

type Who = Pick<Actor, "person" | "slackUser" | "apiToken">;
type Membership = "member" | "no" | "unreadable";

/** Whether somebody is in an approver group now, under any of the identities given. */
export async function membership(deps: DecideDeps, who: Who, name: string): Promise<Membership> {
  const group = deps.config.approvals.groups[name];
  if (!group) return "no";
  return isListed(who, group) ? "member" : slackMember(deps, who, group);
}

/** Everything a vote's person may be known as: a name of `approvals.people`, a Slack user, or a token of nobody. */
export function voterOf({ approvals }: Config, person: string): Who {
  const ids = approvals.people[person];
  if (ids)
    return {
      person,
      ...(ids.slack !== undefined && { slackUser: ids.slack }),
      ...(ids.token !== undefined && { apiToken: ids.token }),
    };
  return person.startsWith(SLACK) ? { slackUser: person.slice(SLACK.length) } : { person, apiToken: person };
}

function isListed(actor: Who, group: ApprovalGroup): boolean {
  if (actor.person !== undefined && group.people.includes(actor.person)) return true;
  if (actor.slackUser !== undefined && group.slackUsers.includes(actor.slackUser)) return true;
  return actor.apiToken !== undefined && group.apiTokens.includes(actor.apiToken);
}

async function slackMember(deps: DecideDeps, actor: Who, group: ApprovalGroup): Promise<Membership> {
  if (actor.slackUser === undefined) return "no";
  for (const id of group.slackUserGroups) {
    try {
      if ((await deps.slackGroup(id)).has(actor.slackUser)) return "member";
    } catch {
      return "unreadable";
    }
  }
  return "no";
}

/** `platform-oncall (anna, @U034DEF, token oncall-cli)`. */
export function describeGroup(config: Config, name: string): string {
  const group = config.approvals.groups[name];
  if (!group) return name;
  const members = [
    ...group.people,
    ...group.slackUsers.map((user) => `@${user}`),
    ...group.slackUserGroups.map((id) => `@${id}`),
    ...group.apiTokens.map((token) => `token ${token}`),
  ];
  return `${name} (${members.join(", ")})`;
}

/** The actor with the person that `approvals.people` knows them as, whichever surface they came by. */
export function known(config: Config, actor: Actor): Actor {
  if (actor.person !== undefined) return actor;
  const found = Object.entries(config.approvals.people).find(
    ([, ids]) =>
      (ids.slack !== undefined && ids.slack === actor.slackUser) ||
      (ids.token !== undefined && ids.token === actor.apiToken),
  );
  return found === undefined ? actor : { ...actor, person: found[0] };
}

/** The person behind an actor, whichever surface they came by: one person counts once. Undefined: a token of nobody. */
export function personOf(config: Config, actor: Actor): string | undefined {
  const { person } = known(config, actor);
  return person ?? (actor.slackUser === undefined ? undefined : `${SLACK}${actor.slackUser}`);
}
