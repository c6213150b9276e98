import type { Command } from "commander";
import { AppError } from "../core/errors.ts";
import { Decided } from "./answers.ts";
import type { Call } from "./client.ts";
import { type ApiOptions, asking, print, withApi } from "./command.ts";
import type { Io } from "./io.ts";
import { clean } from "./text.ts";

type Options = ApiOptions & { reason?: string; incident?: string; keep?: true };

/** One decide verb: what it is called with, and the API call it becomes. */
type Verb = {
  /** Commander's notation: `approve <approval>`. */
  usage: string;
  about: string;
  /** A reason may be given. */
  reason?: boolean;
  /** An incident may be given. */
  incident?: boolean;
  /** It may be said that what is approved is to stay. */
  keep?: boolean;
  call(args: readonly string[], options: Options): Call;
};

/** Every verb that changes something; the server decides who may. */
export const VERBS: readonly Verb[] = [
  {
    usage: "run <playbook> [vars...]",
    about: "start a playbook by hand; vars are NAME=VALUE",
    incident: true,
    call: ([playbook = "", ...vars], { incident }) =>
      post("/runs", { playbook, vars: readVars(vars), ...(incident !== undefined && { incident }) }),
  },
  {
    usage: "approve <approval>",
    about: "allow what an approval shows",
    reason: true,
    keep: true,
    call: ([id = ""], { reason, keep }) => post(`/approvals/${segment(id)}`, { decision: "approve", keep, reason }),
  },
  {
    usage: "reject <approval>",
    about: "refuse what an approval shows",
    reason: true,
    call: ([id = ""], { reason }) => post(`/approvals/${segment(id)}`, { decision: "reject", reason }),
  },
  {
    usage: "answer <run> <answer>",
    about: "say what became of a step whose outcome is unknown: done, not-done or abort",
    reason: true,
    call: ([id = "", answer], { reason }) => post(`/runs/${segment(id)}/answer`, { answer, reason }),
  },
  {
    usage: "cancel <run>",
    about: "end a run after the step at hand",
    reason: true,
    call: ([id = ""], { reason }) => post(`/runs/${segment(id)}/cancel`, { reason }),
  },
  {
    usage: "ack <incident>",
    about: "acknowledge: people know, escalation waits",
    call: ([id = ""]) => post(`/incidents/${segment(id)}/ack`, {}),
  },
  {
    usage: "take <incident>",
    about: 'hands off: "I am on it"; pauses this incident\'s changes until release',
    call: ([id = ""]) => post(`/incidents/${segment(id)}/take`, {}),
  },
  {
    usage: "release <incident>",
    about: "give a taken incident back",
    call: ([id = ""]) => post(`/incidents/${segment(id)}/release`, {}),
  },
  {
    usage: "close <incident>",
    about: "close an incident by hand",
    reason: true,
    call: ([id = ""], { reason }) => post(`/incidents/${segment(id)}/close`, { reason }),
  },
  {
    usage: "extend <lease> <for>",
    about: "let a mitigation last longer, e.g. 30m",
    call: ([id = "", length]) => post(`/leases/${segment(id)}`, { action: "extend", for: length }),
  },
  {
    usage: "revert <lease>",
    about: "undo a mitigation now",
    reason: true,
    call: ([id = ""], { reason }) => post(`/leases/${segment(id)}`, { action: "revert", reason }),
  },
  {
    usage: "complete <task> [answer]",
    about: "say that a task for people is done",
    call: ([id = "", answer]) => post(`/tasks/${segment(id)}`, { answer }),
  },
  {
    usage: "reset <playbook>",
    about: "give a demoted playbook its autonomy back",
    call: ([name = ""]) => post(`/playbooks/${segment(name)}/reset`, {}),
  },
  {
    usage: "pause [scope] [for]",
    about: "stop changes: global (the default), playbook:NAME, target:KEY or incident:ID; for 2h, or until resume",
    reason: true,
    call: (args, { reason }) => post("/pause", { ...readPause(args), reason }),
  },
  {
    usage: "resume [scope]",
    about: "end a pause",
    call: ([scope = "global"]) => ({ method: "DELETE", path: `/pause?scope=${encodeURIComponent(scope)}` }),
  },
];

/** One command per verb that decides something; each prints the sentence that the server answers. */
export function addDecideCommands(program: Command, io: Io): void {
  for (const verb of VERBS) {
    const command = withApi(program.command(verb.usage)).description(verb.about);
    if (verb.reason) command.option("--reason <text>", "why; it is kept on the timeline");
    if (verb.keep) command.option("--keep", "without its lease, where the approval offers that: nothing undoes it");
    if (verb.incident) command.option("--incident <id>", "the incident it is for");
    command.action(async () => {
      const options = command.opts<Options>();
      const asked = asking(io, options);
      const call = verb.call(command.processedArgs.flat().filter(isGiven), options);
      print(asked, await asked.client.send(call), { schema: Decided, show: ({ sentence }) => clean(sentence) });
    });
  }
}

function isGiven(argument: unknown): argument is string {
  return typeof argument === "string";
}

function post(path: string, body: Readonly<Record<string, unknown>>): Call {
  return { method: "POST", path, body: JSON.stringify(body) };
}

function segment(id: string): string {
  return encodeURIComponent(id);
}

const SCOPE = /^(global$|playbook:|target:|incident:)/;

/** `pause 2h` means everything, for two hours. */
function readPause([first, second]: readonly string[]): { scope?: string; for?: string } {
  if (first === undefined) return {};
  if (SCOPE.test(first)) return { scope: first, ...(second !== undefined && { for: second }) };
  if (second === undefined && /^\d/.test(first)) return { for: first };
  throw new AppError("invalid_request", `${first} is no scope; it is global, playbook:NAME, target:KEY or incident:ID`);
}

function readVars(words: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf("=");
      if (at < 1) throw new AppError("invalid_request", `${word} is no variable; write NAME=VALUE`);
      return [word.slice(0, at), word.slice(at + 1)];
    }),
  );
}
