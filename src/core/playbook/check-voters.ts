import { childNode, type MapNode, placed } from "../yaml/node.ts";
import type { PlaybookEnvironment } from "./catalog.ts";
import { fixedEffect } from "./catalog.ts";
import { actionSteps } from "./check-veto.ts";
import type { ApprovalPolicy, Step } from "./playbook.ts";

/** Who may approve, as far as `stanch.yaml` says it: groups of Slack have members that only Slack knows. */
export type Voters = {
  /** Group → how many people could agree in it at most; a group that is not here may have any number. */
  most: Readonly<Record<string, number>>;
  /** `approvals.default`. */
  byDefault: Pick<ApprovalPolicy, "group" | "required">;
};

type Approving = { steps: readonly Step[]; approval: Partial<ApprovalPolicy> | undefined };

/** Notes an approval that nobody can give, as fewer people are in its group than have to agree: it could only expire. */
export function checkVoters(
  map: MapNode,
  { steps, approval }: Approving,
  { voters, actions }: PlaybookEnvironment,
): void {
  if (voters === undefined) return;
  const asking = actionSteps(steps).filter(({ uses }) => {
    const action = actions.get(uses);
    return action !== undefined && fixedEffect(action) !== "read";
  });
  const { group, required } = { ...voters.byDefault, ...approval };
  const wanted = Math.max(required, ...asking.map((step) => step.approval?.required ?? 0));
  const most = voters.most[group];
  if (asking.length === 0 || most === undefined || most >= wanted) return;
  const at = map.has("approval") ? childNode(map.node, "approval", undefined) : map.node;
  const there = most === 0 ? "nobody is" : most === 1 ? "only 1 person is" : `only ${most} are`;
  const message = `${wanted} ${wanted === 1 ? "person has" : "people have"} to agree, and ${there} in the group ${group}: its approvals can only expire; add people under approvals.groups.${group}`;
  at.sink.findings?.push({ ...placed(at, message), blocks: false });
}
