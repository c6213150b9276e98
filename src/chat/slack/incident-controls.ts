import type { Lease } from "../../core/lease.ts";
import type { Task } from "../../core/task.ts";
import type { IncidentView, RunView } from "../../core/views.ts";
import { isActive } from "../words.ts";
import { actions, type Block, type Button, section } from "./blocks.ts";
import { button } from "./buttons.ts";
import { seenExtensions } from "./decide-verbs.ts";
import { code, mrkdwn } from "./text.ts";

/** So many runs, leases and tasks get buttons; the rest is reached by `/stanch`. */
const STEERED = 2;

/** The questions, tasks and buttons that make sense in the present state, most urgent first. */
export function controls(view: IncidentView): (Block | undefined)[] {
  const active = view.runs.filter(isActive).slice(0, STEERED);
  const live = view.leases.filter((lease) => lease.status === "active" || lease.status === "failed").slice(0, STEERED);
  return [
    ...active.filter((run) => run.state.kind === "unknown_outcome").flatMap(questionOf),
    ...(view.tasks ?? []).slice(0, STEERED).flatMap(taskBlocks),
    actions(incidentButtons(view)),
    actions(active.flatMap((run) => runButtons(run, active.length > 1))),
    actions(live.flatMap((lease) => leaseButtons(lease, live.length > 1))),
  ];
}

function incidentButtons({ incident, paused, restsUntil }: IncidentView): (Button | undefined)[] {
  const { id } = incident;
  const report = button({ text: "Report", command: `report ${id}` });
  if (incident.status === "resolved") return [report];
  const isPaused = paused.some((pause) => pause.scope === `incident:${id}`);
  return [
    restsUntil !== undefined || incident.taken
      ? undefined
      : button({ text: "Acknowledge", command: `ack ${id}`, style: "primary" }),
    incident.taken
      ? button({ text: "Release", command: `release ${id}` })
      : button({ text: "Take over", command: `take ${id}` }),
    isPaused
      ? button({ text: "Resume", command: `resume incident:${id}` })
      : button({ text: "Pause", command: `pause incident:${id}` }),
    report,
  ];
}

function runButtons(run: RunView, several: boolean): (Button | undefined)[] {
  const suffix = several ? `: ${run.playbook}` : "";
  const confirm = `${run.playbook} on ${run.target} will be cancelled. What it has done already stays.`;
  return [
    button({ text: `Show plan${suffix}`, command: `plan ${run.id}`, id: run.id }),
    button({ text: `Cancel run${suffix}`, command: `cancel ${run.id}`, id: run.id, style: "danger", confirm }),
  ];
}

function questionOf(run: RunView): (Block | undefined)[] {
  const question = run.state.question ?? "It is not known whether the last step took effect.";
  return [
    section(mrkdwn`❓ *${run.playbook} needs your answer* (${run.id}): ${question}`),
    actions([
      button({ text: "It was done", command: `answer ${run.id} done`, id: `done:${run.id}` }),
      button({ text: "It was not done", command: `answer ${run.id} not-done`, id: `not-done:${run.id}` }),
      button({ text: "Abort the run", command: `answer ${run.id} abort`, id: `abort:${run.id}`, style: "danger" }),
    ]),
  ];
}

function taskBlocks({ id, ask }: Task): (Block | undefined)[] {
  return [
    section(mrkdwn`☑️ *Please do, and say so:* ${ask} (${id}; with an answer: ${code(`/stanch done ${id} …`)})`),
    actions([button({ text: "Done", command: `done ${id}`, id, style: "primary" })]),
  ];
}

function leaseButtons(lease: Lease, several: boolean): (Button | undefined)[] {
  const suffix = several ? `: ${lease.step}` : "";
  return [
    button({
      text: `Revert now${suffix}`,
      command: `revert ${lease.id}`,
      id: lease.id,
      confirm: `Now: ${lease.describe}`,
    }),
    button({ text: `Extend 30m${suffix}`, command: `extend ${lease.id} 30m ${seenExtensions(lease)}`, id: lease.id }),
  ];
}
