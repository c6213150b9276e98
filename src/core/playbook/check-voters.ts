import { SEVERITIES } from "../severity.ts";
import { childNode, type MapNode, placed } from "../yaml/node.ts";
import { fixedEffect, type PlaybookEnvironment } from "./catalog.ts";
import { actionSteps } from "./check-veto.ts";
import type { Playbook, Step } from "./playbook.ts";

type Approving = { steps: readonly Step[] } & Pick<Playbook, "approval" | "autonomy">;

/** Notes an approval that nobody can give, as fewer people are in its group than have to agree: it could only expire. */
export function checkVoters(map: MapNode, of: Approving, { voters, actions }: PlaybookEnvironment): void {
  if (voters === undefined || SEVERITIES.every((severity) => of.autonomy[severity] === "observe")) return;
  const asking = actionSteps(of.steps).filter(({ uses }) => {
    const action = actions.get(uses);
    return action !== undefined && fixedEffect(action) !== "read";
  });
  const { group, required } = { ...voters.byDefault, ...of.approval };
  const wanted = Math.max(required, ...asking.map((step) => step.approval?.required ?? 0));
  const members = voters.members[group];
  const most = wanted > 1 ? members?.people : members?.anybody;
  if (asking.length === 0 || most === undefined || most >= wanted) return;
  const at = map.has("approval") ? childNode(map.node, "approval", undefined) : map.node;
  const wants = `${wanted} ${wanted === 1 ? "person has" : "people have"} to agree`;
  const message = `${wants}, and ${thereAre(most)} in the group ${group}: its approvals can only expire; add people under approvals.groups.${group}`;
  at.sink.findings?.push({ ...placed(at, message), blocks: false });
}

function thereAre(people: number): string {
  if (people === 0) return "nobody is";
  return people === 1 ? "only 1 person is" : `only ${people} are`;
}
