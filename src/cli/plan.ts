import { readFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { SOURCE_NAMES } from "../core/alert.ts";
import { AppError } from "../core/errors.ts";
import { Plan } from "./answers.ts";
import { type ApiOptions, asking, print, withApi } from "./command.ts";
import type { Io } from "./io.ts";
import { sections } from "./pages.ts";
import { type Column, fields, table } from "./table.ts";
import { severity } from "./tables.ts";
import { clean } from "./text.ts";

type Options = ApiOptions & { alert: string; source: string };

/** `plan --alert FILE`: what stanch would do about a webhook body; it does nothing. */
export function addPlanCommand(program: Command, io: Io): void {
  withApi(program.command("plan"))
    .description("show what would be done about a webhook body, without doing it")
    .requiredOption("--alert <file>", "the body as the source sends it; - reads standard input")
    .addOption(new Option("--source <name>", "where the body comes from").choices(SOURCE_NAMES).default("alertmanager"))
    .action(async (options: Options) => {
      const body = await readBody(io, options.alert);
      const asked = asking(io, options);
      const call = { method: "POST", path: `/plan?source=${options.source}`, body } as const;
      print(asked, await asked.client.send(call), { schema: Plan, show: (plan) => planPage(io, plan) });
    });
}

async function readBody(io: Io, file: string): Promise<string> {
  if (file === "-") return io.stdin();
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AppError("invalid_request", `reading ${file}: ${why}`, { cause });
  }
}

function planPage(io: Io, plan: Plan): string {
  const alerts = plan.alerts.map((alert) => {
    const { alertname = "", ...labels } = alert.labels;
    const head = fields(io, [
      [
        "alert",
        `${alertname} ${Object.entries(labels)
          .map(([name, value]) => `${name}=${value}`)
          .join(" ")}`,
      ],
      ["severity", severity(alert.level)],
      ["incident", alert.incidentKey ?? ""],
      ["why", alert.sentence],
    ]);
    return sections(io, head, [["playbooks", alert.playbooks.length > 0 ? matches(io, alert.playbooks) : ""]]);
  });
  const runs = plan.runs.map((run) => runPlan(io, run));
  const nothing = plan.runs.length === 0 ? ["nothing would run"] : [];
  const remarks = plan.remarks.length > 0 ? [plan.remarks.map(clean).join("\n")] : [];
  return [...alerts, ...runs, ...nothing, ...remarks].join("\n\n");
}

type Match = Plan["alerts"][number]["playbooks"][number];

function matches(io: Io, notes: readonly Match[]): string {
  const columns: readonly Column<Match>[] = [
    { title: "playbook", cell: ({ playbook }) => playbook },
    { title: "matched", cell: ({ matched }) => (matched ? "yes" : "no") },
    { title: "why", cell: ({ reason }) => reason },
  ];
  return table(io, columns, notes);
}

function runPlan(io: Io, run: Plan["runs"][number]): string {
  const head = fields(io, [
    ["would run", run.playbook],
    ["target", run.target],
    ["severity", severity(run.severity)],
    ["autonomy", run.autonomy],
  ]);
  const columns: readonly Column<(typeof run.steps)[number]>[] = [
    { title: "step", cell: ({ path }) => path },
    { title: "effect", cell: ({ effect }) => effect ?? "" },
    { title: "what", cell: ({ describe }) => describe },
    { title: "note", cell: ({ note }) => note ?? "" },
  ];
  return sections(io, head, [["steps", run.steps.length > 0 ? table(io, columns, run.steps) : ""]]);
}
