import type { Approval } from "../../core/approval.ts";
import type { Actor } from "../../core/decision.ts";
import type { Desk } from "../../core/desk.ts";
import { actions, type Block, context, divider, fitted, header, LIMITS, section, sizeOf } from "./blocks.ts";
import { button } from "./buttons.ts";
import { approvalText, incidentLine } from "./lines.ts";
import { isInGroup } from "./people.ts";
import { askedOfPeople, liveLeases, openIncidents, overview, pendingApprovals } from "./show-verbs.ts";
import { foreign, join, type Mrkdwn, mrkdwn, when } from "./text.ts";
import type { VerbDeps } from "./verb.ts";

type Home = { type: "home"; blocks: readonly Block[] };

const LISTED = 10;
/** Characters for the approvals: the rest of the view has room beside them, and no row of buttons is left without its text. */
const ROOM = 7_000;

/** The App Home of one person: the kill switch, what waits for them, what is open, what is temporary. */
export async function homeView(deps: VerbDeps, who: Actor, notice?: Mrkdwn): Promise<Home> {
  const { desk } = deps;
  const [open, asked, pending, leases, pauses] = await Promise.all([
    openIncidents(desk),
    askedOfPeople(desk),
    pendingApprovals(desk),
    liveLeases(desk),
    desk.pauses(),
  ]);
  const mine = await waitingFor(deps, who, pending);
  const blocks = fitted([
    notice === undefined ? undefined : section(mrkdwn`ℹ️ ${notice}`),
    ...switchBlocks(pauses),
    divider(),
    header(`Waiting for you: ${mine.length}`),
    ...listOf(mine),
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

/**
 * Approvals whose group this person is in, the worst and oldest first; one whose group cannot be read is shown too, the desk decides
 * in the end. Each group is looked up once: of a storm Slack would be asked a thousand times.
 */
async function waitingFor(deps: VerbDeps, who: Actor, pending: readonly Approval[]): Promise<readonly Approval[]> {
  const slackUser = who.slackUser ?? "";
  const isMine = async (group: string) =>
    [group, await isInGroup(deps.approvals, deps.resolveUserGroup, { slackUser, group }).catch(() => true)] as const;
  const groups = new Map(await Promise.all([...new Set(pending.map(({ policy }) => policy.group))].map(isMine)));
  return pending
    .filter(({ policy }) => groups.get(policy.group))
    .toSorted((a, b) => a.severity.localeCompare(b.severity) || a.requestedAt - b.requestedAt);
}

/** As many approvals as there is room for, each with its buttons, and how many more there are. */
function listOf(mine: readonly Approval[]): (Block | undefined)[] {
  const shown: Block[][] = [];
  let room = ROOM;
  for (const approval of mine.slice(0, LISTED)) {
    const blocks = approvalBlocks(approval);
    room -= sizeOf(blocks);
    if (room < 0) break;
    shown.push(blocks);
  }
  const more = mine.length - shown.length;
  const rest = mrkdwn`… and ${more} more: once these are decided, Refresh shows the next; \`stanch status\` lists all`;
  return [...shown.flat(), more === 0 ? undefined : context(rest)];
}

function approvalBlocks(approval: Approval): Block[] {
  const { id, policy } = approval;
  const does = approval.steps.slice(0, 3).map((step) => mrkdwn`\n   • ${foreign(step.describe, 200)}`);
  const isVeto = policy.veto !== undefined;
  const buttons = actions([
    isVeto ? undefined : button({ text: "Approve", command: `approve ${id}`, id, style: "primary" }),
    button({ text: isVeto ? "Object" : "Reject", command: `reject ${id}`, id, style: "danger" }),
    button({ text: "Show plan", command: `plan ${id}`, id }),
  ]);
  return [section(join([approvalText(approval), ...does], "")), buttons].filter((block) => block !== undefined);
}
