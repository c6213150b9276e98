import type { Command } from "commander";
import type { z } from "zod";
import { SOURCE_NAMES } from "../core/alert.ts";
import { AppError } from "../core/errors.ts";
import * as answers from "./answers.ts";
import { readAnswer, URL_HELP } from "./client.ts";
import { type ApiOptions, type Asking, asking, print, withApi } from "./command.ts";
import type { Io } from "./io.ts";
import { type OpenItems, readOpen } from "./open.ts";
import { alertPage, approvalPage, incidentPage, runPage, sections } from "./pages.ts";
import { approvalTable, incidentTable, leaseTable, pauseTable, runTable, taskTable } from "./tables.ts";
import { cleanLines } from "./text.ts";

type ListOptions = ApiOptions & { status?: string; limit: string };

/** `incidents`, `show`, `status` and `report`: what can be read of a running stanch. */
export function addReadCommands(program: Command, io: Io): void {
  withApi(program.command("incidents"))
    .description("list the latest incidents, the worst first")
    .option("--status <status>", "only open, mitigated or resolved ones")
    .option("--limit <count>", "at most this many", "20")
    .action((options: ListOptions) => listIncidents(asking(io, options), options));
  withApi(program.command("show <id>"))
    .description("show an incident with its timeline, a run, an approval or an alert")
    .action((id: string, options: ApiOptions) => show(asking(io, options), id));
  withApi(program.command("status"))
    .description("show what is open: incidents, questions, approvals, tasks, leases and pauses")
    .action((options: ApiOptions) => status(asking(io, options)));
  program
    .command("report <incident>")
    .description("print the report of an incident as Markdown")
    .option("--url <address>", URL_HELP)
    .action(async (id: string, options: ApiOptions) => {
      io.out(cleanLines(await asking(io, options).client.text(`/incidents/${encodeURIComponent(id)}/report`)));
    });
}

async function listIncidents(asked: Asking, { status, limit }: ListOptions): Promise<void> {
  const query = new URLSearchParams({ limit, ...(status !== undefined && { status }) });
  const answer = await asked.client.get(`/incidents?${query}`);
  print(asked, answer, { schema: answers.Incidents, show: ({ items, next }) => listed(asked.io, items, next != null) });
}

type Row = z.infer<typeof answers.Incidents>["items"][number];

/** The worst first, and within one severity as they came; says when there are more. */
function listed(io: Io, items: readonly Row[], hasMore: boolean): string {
  const more = `there are more than these ${items.length}; --status and --limit (at most 100) choose, GET /api/v1/incidents has the next pages`;
  return `${incidentTable(io, worstFirst(items))}${hasMore ? `\n${more}` : ""}`;
}

function worstFirst(items: readonly Row[]): readonly Row[] {
  return items.toSorted((a, b) => a.severity.localeCompare(b.severity));
}

type Page = (asked: Asking, id: string) => Promise<void>;

/** What an id begins with says what it names. */
const PAGES: readonly (readonly [prefixes: readonly string[], page: Page])[] = [
  [["inc-"], showIncident],
  [["run-", "rev-"], showRun],
  [["apr-"], showApproval],
  [SOURCE_NAMES.map((source) => `${source}-`), showAlert],
];

async function show(asked: Asking, id: string): Promise<void> {
  const page = PAGES.find(([prefixes]) => prefixes.some((prefix) => id.startsWith(prefix)))?.[1];
  if (page) return page(asked, id);
  const known = "ids begin with inc-, run-, apr- or the name of a source";
  throw new AppError("invalid_request", `${id} names nothing that can be shown; ${known}`);
}

async function showIncident(asked: Asking, id: string): Promise<void> {
  const path = `/incidents/${encodeURIComponent(id)}`;
  const [incident, timeline] = await Promise.all([asked.client.get(path), asked.client.get(`${path}/timeline`)]);
  const { items } = readAnswer(timeline, answers.Entries);
  const both = { ...Object(incident), timeline: Object(timeline).items };
  print(asked, both, { schema: answers.Incident, show: (shown) => incidentPage(asked.io, shown, items) });
}

async function showRun(asked: Asking, id: string): Promise<void> {
  const answer = await asked.client.get(`/runs/${encodeURIComponent(id)}`);
  print(asked, answer, { schema: answers.Run, show: (run) => runPage(asked.io, run) });
}

async function showApproval(asked: Asking, id: string): Promise<void> {
  const answer = await asked.client.get(`/approvals/${encodeURIComponent(id)}`);
  print(asked, answer, { schema: answers.Approval, show: (approval) => approvalPage(asked.io, approval) });
}

async function showAlert(asked: Asking, id: string): Promise<void> {
  const answer = await asked.client.get(`/alerts/${encodeURIComponent(id)}`);
  print(asked, answer, { schema: answers.Alert, show: (alert) => alertPage(asked.io, alert) });
}

async function status(asked: Asking): Promise<void> {
  const { io } = asked;
  const open = await readOpen(asked.client);
  if (asked.json) return io.out(JSON.stringify(open, null, 2));
  const incidents = readAnswer(open.incidents, answers.Incidents).items;
  const questions = readAnswer(open.questions, answers.Runs).items;
  const approvals = readAnswer(open.approvals, answers.Approvals).items;
  const tasks = readAnswer(open.tasks, answers.Tasks).items;
  const leases = readAnswer(open.leases, answers.Leases).items;
  const pauses = readAnswer(open.pauses, answers.Pauses).items;
  const head = incidents.length === 0 ? "no open incidents" : incidentTable(io, worstFirst(incidents));
  const page = sections(io, head + rest(open.incidents, "incidents"), [
    ["questions", questions.length > 0 ? runTable(io, questions) + rest(open.questions, "runs") : ""],
    ["approvals", approvals.length > 0 ? approvalTable(io, approvals) + rest(open.approvals, "approvals") : ""],
    ["tasks", tasks.length > 0 ? taskTable(io, tasks) + rest(open.tasks, "tasks") : ""],
    ["leases", leases.length > 0 ? leaseTable(io, leases) + rest(open.leases, "leases") : ""],
    ["pauses", pauses.length > 0 ? pauseTable(io, pauses) : ""],
  ]);
  io.out(page);
}

function rest({ items, more }: OpenItems, list: string): string {
  return more ? `\nthere are more than these ${items.length}; GET /api/v1/${list} has all of them` : "";
}
