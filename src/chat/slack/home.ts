import type { Approval } from "../../core/approval.ts";
import type { Actor } from "../../core/decision.ts";
import type { Desk } from "../../core/desk.ts";
import { actions, type Block, context, divider, fitted, header, LIMITS, section } from "./blocks.ts";
import { button } from "./buttons.ts";
import { approvalText, incidentLine } from "./lines.ts";
import { isInGroup } from "./people.ts";
import { askedOfPeople, liveLeases, openIncidents, overview } from "./show-verbs.ts";
import { foreign, join, type Mrkdwn, mrkdwn, when } from "./text.ts";
import type { VerbDeps } from "./verb.ts";

type Home = { type: "home"; blocks: readonly Block[] };

const LISTED = 10;

/** The App Home of one person: the kill switch, what waits for them, what is open, what is temporary. */
export async function homeView(deps: VerbDeps, who: Actor, notice?: Mrkdwn): Promise<Home> {
  const { desk } = deps;
  const [open, asked, pending, leases, pauses] = await Promise.all([
    openIncidents(desk),
    askedOfPeople(desk),
    desk.approvals({ limit: 50, status: "pending" }),
    liveLeases(desk),
    desk.pauses(),
  ]);
  const mine = await waitingFor(deps, who, pending.items);
  const blocks = fitted([
    notice === undefined ? undefined : section(mrkdwn`ℹ️ ${notice}`),
    ...switchBlocks(pauses),
    divider(),
    header(`Waiting for you: ${mine.length}`),
    ...mine.slice(0, LISTED).flatMap(approvalBlocks),
    ...asked,
    header(`Open incidents: ${open.length}`),
    open.length === 0 ? section(mrkdwn`Nothing is open.`) : section(join(open.slice(0, LISTED).map(incidentLine))),
    ...overview([], leases, pauses),
    context(mrkdwn`As of ${when(deps.now())}`),
    actions([button({ text: "Refresh", command: "home" })]),
  ]);
  return { type: "home", blocks: blocks.slice(0, LIMITS.viewBlocks) };
}

function switchBlocks(pauses: Awaited<ReturnType<Desk["pauses"]>>): (Block | undefined)[] {
  const isPaused = pauses.some(({ scope }) => scope === "global");
  const confirm = "Nothing will be changed anywhere until somebody resumes.";
  return isPaused
    ? [
        section(mrkdwn`⏸ *stanch is paused everywhere*: it changes nothing`),
        actions([button({ text: "Resume", command: "resume global", style: "primary" })]),
      ]
    : [
        section(mrkdwn`▶️ *stanch may act*, inside its guards`),
        actions([button({ text: "Pause everything", command: "pause global", style: "danger", confirm })]),
      ];
}

/** Approvals whose group this person is in; one whose group cannot be read is shown too, the desk decides in the end. */
async function waitingFor(deps: VerbDeps, who: Actor, pending: readonly Approval[]): Promise<readonly Approval[]> {
  const slackUser = who.slackUser ?? "";
  const mine = await Promise.all(
    pending.map(({ policy }) =>
      isInGroup(deps.approvals, deps.resolveUserGroup, { slackUser, group: policy.group }).catch(() => true),
    ),
  );
  return pending.filter((_, index) => mine[index]);
}

function approvalBlocks(approval: Approval): (Block | undefined)[] {
  const { id, policy } = approval;
  const does = approval.steps.slice(0, 3).map((step) => mrkdwn`\n   • ${foreign(step.describe, 200)}`);
  return [
    section(join([approvalText(approval), ...does], "")),
    actions([
      policy.veto === undefined
        ? button({ text: "Approve", command: `approve ${id}`, id, style: "primary" })
        : undefined,
      button({ text: policy.veto === undefined ? "Reject" : "Object", command: `reject ${id}`, id, style: "danger" }),
      button({ text: "Show plan", command: `plan ${id}`, id }),
    ]),
  ];
}
