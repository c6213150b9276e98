import type { ApprovalSettings } from "./config.ts";
import type { Voters } from "./playbook/check-voters.ts";

/** How many people could agree in each group, one person with several identities counted once. */
export function votersOf({ people, groups, default: byDefault }: ApprovalSettings): Voters {
  const named = Object.entries(people);
  const personOf = (key: "slack" | "token", id: string): string =>
    named.find(([, ids]) => ids[key] === id)?.[0] ?? `${key}:${id}`;
  const most = Object.entries(groups)
    .filter(([, { slackUserGroups }]) => slackUserGroups.length === 0)
    .map(([name, group]) => {
      const users = group.slackUsers.map((user) => personOf("slack", user));
      const tokens = group.apiTokens.map((token) => personOf("token", token));
      return [name, new Set([...group.people, ...users, ...tokens]).size] as const;
    });
  return { most: Object.fromEntries(most), byDefault };
}
