import type { Approval } from "../../core/approval.ts";
import type { PageQuery } from "../../core/desk.ts";
import type { Incident } from "../../core/incident.ts";
import type { Lease } from "../../core/lease.ts";
import type { Pause } from "../../core/store.ts";
import type { Page, RunView } from "../../core/views.ts";
import { count, isActive, MAX_PIECE } from "../words.ts";
import { planBlocks } from "./approval-message.ts";
import { type Block, context, fitted, section } from "./blocks.ts";
import { approvalId, incidentId, runId } from "./complete.ts";
import { incidentMessage } from "./incident-message.ts";
import { approvalLine, incidentLine, leaseLine, list, pauseLine, questionLine, taskLine } from "./lines.ts";
import { said } from "./said.ts";
import { code, foreign, join, type Mrkdwn, mrkdwn, preformatted } from "./text.ts";
import { type Answer, say, type Verb, type VerbDeps } from "./verb.ts";

const POOL = 200;
/** What is read of one kind: more than a storm of 1,000 incidents leaves open. */
const MOST = 5_000;

const status: Verb = {
  usage: "status",
  does: "what is open, what waits for people, what is temporary, what is paused",
  async answer({ desk }) {
    const [incidents, asked, approvals, leases, pauses] = await Promise.all([
      openIncidents(desk),
      askedOfPeople(desk),
      pendingApprovals(desk),
      liveLeases(desk),
      desk.pauses(),
    ]);
    const text = mrkdwn`${count(incidents.length, "open incident")}, ${count(approvals.length, "approval")} waiting, ${count(leases.length, "temporary change")}, ${count(pauses.length, "pause")}`;
    const lists = [list("Open", incidents.map(incidentLine)), ...asked, ...overview(approvals, leases, pauses)];
    return { text, blocks: fitted([section(mrkdwn`*${text}*`), ...lists]) };
  },
};

/** What waits for whoever knows or can do it: the answer about an unknown outcome, and tasks. */
export async function askedOfPeople(desk: VerbDeps["desk"]): Promise<(Block | undefined)[]> {
  const [questions, tasks] = await Promise.all([
    all((query) => desk.runs({ ...query, state: "unknown_outcome" })),
    all(async (query) => (await desk.tasks?.({ ...query, status: "open" })) ?? { items: [] }),
  ]);
  return [
    list("Nobody knows what became of", questions.map(questionLine)),
    list("People are asked to", tasks.map(taskLine)),
  ];
}

/** What waits, what is temporary and what is paused, as blocks; also the lower half of the App Home. */
export function overview(
  approvals: readonly Approval[],
  leases: readonly Lease[],
  pauses: readonly Pause[],
): (Block | undefined)[] {
  return [
    list("Waiting for approval", approvals.map(approvalLine)),
    list("Temporary", leases.map(leaseLine)),
    list("Paused", pauses.map(pauseLine)),
  ];
}

const incidents: Verb = {
  usage: "incidents",
  does: "the open incidents",
  async answer({ desk }) {
    const open = await openIncidents(desk);
    if (open.length === 0) return say("No incident is open.");
    const text = mrkdwn`${count(open.length, "open incident")}`;
    return { text, blocks: fitted([list("Open", open.map(incidentLine))]) };
  },
};

const show: Verb = {
  usage: "show ID",
  does: "one incident",
  async answer({ desk }, { args: [id] }) {
    const view = await desk.incident(await incidentId(desk, id));
    if (!view) return say("It is gone.");
    const { text, blocks, attachments = [] } = incidentMessage(view);
    const shown = [...blocks, ...attachments.flatMap((attachment) => attachment.blocks)];
    return { text: { mrkdwn: text }, blocks: fitted(shown) };
  },
};

const plan: Verb = {
  usage: "plan ID",
  does: "what an approval would let run, or what a run does",
  async answer(deps, { args: [id] }) {
    return planOf(deps, id);
  },
};

/** The plan of the approval that was meant, else of the run, else of the incident's latest run. */
export async function planOf({ desk }: VerbDeps, typed: string | undefined): Promise<Answer> {
  const approval = await approvalId(desk, typed).then((id) => desk.approval(id), nothing);
  if (approval) return approvalPlan(approval);
  const latest =
    typed === undefined ? undefined : await incidentId(desk, typed).then((id) => latestRun(desk, id), nothing);
  const run = latest ?? (await desk.run(await runId(desk, typed)));
  return run ? runPlan(run) : say("It is gone.");
}

function nothing(): undefined {
  return undefined;
}

async function latestRun(desk: VerbDeps["desk"], incident: string): Promise<RunView | undefined> {
  const runs = (await desk.incident(incident))?.runs ?? [];
  return runs.findLast(isActive) ?? runs.at(-1);
}

function approvalPlan(approval: Approval): Answer {
  const text = mrkdwn`Plan of ${approval.playbook} on ${approval.target} (${approval.status})`;
  return { text, blocks: fitted([...planBlocks(approval), context(text)]) };
}

function runPlan(run: RunView): Answer {
  const text = mrkdwn`${run.playbook} on ${run.target} (${run.id}): ${said(run.sentence, MAX_PIECE)}`;
  const lines = run.steps.slice(0, 30).map((step) => {
    const inputs = step.input === undefined ? mrkdwn`` : mrkdwn` ${code(JSON.stringify(step.input), 300)}`;
    const message = step.message === undefined ? mrkdwn`` : mrkdwn` – ${foreign(step.message, 200)}`;
    return mrkdwn`• *${foreign(step.path, 100)}* ${foreign(step.uses ?? "", 80)}: ${step.outcome ?? step.state}${inputs}${message}`;
  });
  return { text, blocks: fitted([section(text), ...chunks(lines)]) };
}

const report: Verb = {
  usage: "report ID",
  does: "the incident's report",
  async answer({ desk }, { args: [id] }) {
    const incident = await incidentId(desk, id);
    const markdown = await desk.report(incident);
    if (markdown === undefined) return say(`There is no report of ${incident} yet.`);
    return { text: mrkdwn`Report of ${incident}`, blocks: fitted(reportBlocks(markdown)) };
  },
};

function reportBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  let part: string[] = [];
  for (const line of markdown.slice(0, 20_000).split("\n")) {
    if (part.join("\n").length + line.length > 2000) {
      blocks.push(section(preformatted(part, 2900)));
      part = [];
    }
    part.push(line);
  }
  return [...blocks, section(preformatted(part, 2900))];
}

/** The verbs that only read. */
export const SHOW_VERBS: Readonly<Record<string, Verb>> = { status, incidents, show, plan, report };

/** Open and mitigated incidents, worst first. */
export async function openIncidents(desk: VerbDeps["desk"]): Promise<readonly Incident[]> {
  const found = await Promise.all(
    ["open", "mitigated"].map((status) => all((query) => desk.incidents({ ...query, status }))),
  );
  return found.flat().sort((a, b) => a.severity.localeCompare(b.severity) || a.openedAt - b.openedAt);
}

/** Every approval that waits for somebody, newest first. */
export function pendingApprovals(desk: VerbDeps["desk"]): Promise<readonly Approval[]> {
  return all((query) => desk.approvals({ ...query, status: "pending" }));
}

/** What is temporarily in force, first what could not be undone. */
export async function liveLeases(desk: VerbDeps["desk"]): Promise<readonly Lease[]> {
  const found = await Promise.all(
    ["failed", "reverting", "active"].map((status) => all((query) => desk.leases({ ...query, status }))),
  );
  return found.flat();
}

/** Every page: what is counted, and put in order by how bad it is, must not end with the newest ones. */
async function all<T>(read: (query: PageQuery) => Promise<Page<T>>): Promise<readonly T[]> {
  const items: T[] = [];
  let page = await read({ limit: POOL });
  items.push(...page.items);
  while (page.next !== undefined && items.length < MOST) {
    page = await read({ limit: POOL, cursor: page.next });
    items.push(...page.items);
  }
  return items;
}

function chunks(lines: readonly Mrkdwn[]): Block[] {
  const groups: Block[] = [];
  for (let from = 0; from < lines.length; from += 5) groups.push(section(join(lines.slice(from, from + 5))));
  return groups;
}
