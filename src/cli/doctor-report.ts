import { loadClients } from "../actions/index.ts";
import { unheardCalls } from "../app/slack.ts";
import { loadSlack } from "../chat/index.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../core/config.ts";
import { AppError, type Fault, formatFault } from "../core/errors.ts";
import { silentLog } from "../core/log.ts";
import { check } from "./check.ts";
import type { DoctorOptions } from "./doctor.ts";
import { examineConnections } from "./doctor-connections.ts";
import { examineRedis } from "./doctor-redis.ts";
import { Findings } from "./failure.ts";
import type { Io } from "./io.ts";
import { clean, paint } from "./text.ts";

/** One thing that was looked at. `remedy` says what to do when it is not as it should be, `note` what is not known. */
export type Finding = { area: string; what: string; ok: boolean; remedy?: string; note?: string };

/** Prints what was found, the faults with their remedies. @throws Findings when something is not as it should be. */
export async function doctor(io: Io, options: DoctorOptions): Promise<void> {
  const findings = await examine(io, options);
  const faults = findings.filter(({ ok }) => !ok).length;
  if (options.json) io.out(JSON.stringify({ ok: faults === 0, findings }, null, 2));
  else for (const finding of findings) print(io, finding);
  if (faults === 0) return;
  if (!options.json) io.err(`${faults} finding${faults === 1 ? "" : "s"}`);
  throw new Findings("something is not as it should be");
}

async function examine(io: Io, options: DoctorOptions): Promise<readonly Finding[]> {
  const { faults, notes, playbooks } = check(io, options);
  const written = [
    ...faults.map((fault): Finding => ({ ...placeOf(fault), ok: false, remedy: fault.message })),
    ...notes.map((note): Finding => ({ ...placeOf(note), ok: true, note: note.message })),
  ];
  const config = configOf(io, options);
  if (!config) return written;
  const set: Finding = {
    area: "configuration",
    what: `${config.file}, ${playbooks} playbook${playbooks === 1 ? "" : "s"}`,
    ok: true,
  };
  await loadClients(config.connections);
  const parts = await Promise.all([examineRedis(io, config), slackFindings(config), examineConnections(io, config)]);
  return [...(faults.length === 0 ? [set] : []), ...written, ...parts.flat()];
}

function placeOf(fault: Fault): Pick<Finding, "area" | "what"> {
  return { area: "configuration", what: formatFault({ ...fault, message: "" }).replace(/: $/, "") || "stanch.yaml" };
}

/** Undefined when it has faults, which `check` has told already. */
function configOf(io: Io, options: DoctorOptions): Config | undefined {
  const file = options.config ?? io.env["STANCH_CONFIG"] ?? "stanch.yaml";
  try {
    return loadConfig({ file, environment: io.env, insecureDev: options.insecureDev === true });
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

async function slackFindings(config: Config): Promise<readonly Finding[]> {
  const { slack } = config.environment;
  if (!slack) {
    const [remedy] = unheardCalls(config);
    if (remedy !== undefined) return [{ area: "slack", what: "not used", ok: false, remedy }];
    const note = "SLACK_BOT_TOKEN is not set; incidents are shown on the console (docs/slack-setup.md)";
    return [{ area: "slack", what: "not used", ok: true, note }];
  }
  const settings = { ...slack, slack: config.slack, approvals: config.approvals, log: silentLog };
  const { examineSlack } = await loadSlack();
  return (await examineSlack(settings)).map((finding) => ({ area: "slack", ...finding }));
}

function print(io: Io, { area, what, ok, remedy, note }: Finding): void {
  const sign = ok ? paint(io, "green", "ok   ") : paint(io, "red", "fault");
  const said = remedy ?? note;
  io.out(`${sign} ${clean(area)}: ${clean(what)}${said === undefined ? "" : ` – ${clean(said)}`}`);
}
