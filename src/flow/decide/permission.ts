import type { ApprovalGroup, Config } from "../../core/config.ts";
import type { Actor, Decision } from "../../core/decision.ts";
import type { DecideDeps } from "./deps.ts";

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
  const group = deps.config.approvals.groups[name];
  if (!group) return `the group ${name} is not configured, so nobody may decide this; add approvals.groups.${name}`;
  if (isListed(actor, group)) return undefined;
  const inGroup = await slackMember(deps, actor, group);
  if (inGroup === "member") return undefined;
  const who = `${describeGroup(deps.config, name)} may decide this`;
  return inGroup === "unreadable"
    ? `the members of the Slack group of ${name} cannot be read right now; ${who}`
    : `${actor.name} is not in ${name}; ${who}`;
}

function isListed(actor: Actor, group: ApprovalGroup): boolean {
  if (actor.person !== undefined && group.people.includes(actor.person)) return true;
  if (actor.slackUser !== undefined && group.slackUsers.includes(actor.slackUser)) return true;
  return actor.apiToken !== undefined && group.apiTokens.includes(actor.apiToken);
}

async function slackMember(
  deps: DecideDeps,
  actor: Actor,
  group: ApprovalGroup,
): Promise<"member" | "no" | "unreadable"> {
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
  return person ?? (actor.slackUser === undefined ? undefined : `slack:${actor.slackUser}`);
}
