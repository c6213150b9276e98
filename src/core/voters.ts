import type { ApprovalSettings } from "./config.ts";
import type { ApprovalPolicy } from "./playbook/playbook.ts";

/** How many may approve, as far as `stanch.yaml` says it. */
export type Voters = {
  /**
   * Group → its people, and `anybody` with the tokens of nobody, each of which may approve where one approval is enough. A group that is
   * not here may have any number: its members are in Slack.
   */
  members: Readonly<Record<string, { people: number; anybody: number }>>;
  /** `approvals.default`. */
  byDefault: Pick<ApprovalPolicy, "group" | "required">;
};

/** Who could agree in each group, one person with several identities counted once. */
export function votersOf({ people, groups, default: byDefault }: ApprovalSettings): Voters {
  const named = Object.entries(people);
  const personOf = (key: "slack" | "token", id: string): string | undefined =>
    named.find(([, ids]) => ids[key] === id)?.[0];
  const members = Object.entries(groups)
    .filter(([, { slackUserGroups }]) => slackUserGroups.length === 0)
    .map(([name, group]) => {
      const users = group.slackUsers.map((user) => personOf("slack", user) ?? `slack:${user}`);
      const tokens = group.apiTokens.flatMap((token) => personOf("token", token) ?? []);
      const all = new Set([...group.people, ...users, ...tokens]).size;
      const nobodys = group.apiTokens.filter((token) => personOf("token", token) === undefined).length;
      return [name, { people: all, anybody: all + nobodys }] as const;
    });
  return { members: Object.fromEntries(members), byDefault };
}
