import { styleText } from "node:util";
import type { Approval } from "../../core/approval.ts";
import type { Chat, ChatState } from "../../core/chat.ts";
import type { TimelineEntry } from "../../core/timeline.ts";
import type { IncidentView } from "../../core/views.ts";
import { clock, fixedBy, iconOf, isClosedByHand, lampOf, lasting, outage, plain } from "../words.ts";

/** Where lines go; `write` gets them without a line end. */
export type ConsoleOptions = {
  write(line: string): void;
  /** Colours, when the reader is a terminal. */
  colour?: boolean;
};

type Style = "bold" | "dim" | "green" | "yellow" | "red";
type Paint = (style: Style, text: string) => string;

/**
 * The life of an incident as lines of text: a headline when something about it changes, its timeline, and approvals with the
 * command to type. Control characters of foreign text are taken out, so that an alert cannot write over other lines.
 */
export function createConsoleChat({ write, colour = false }: ConsoleOptions): Chat {
  const paint: Paint = (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
  return {
    name: "console",
    async publish(view, entries, state, save) {
      let current = state;
      const show = async (lines: readonly string[], next: ChatState) => {
        for (const line of lines) write(line);
        current = next;
        await save(next);
      };
      const headline = headlineOf(view);
      if (current.shown !== headline) {
        const style = view.incident.status === "resolved" ? "green" : "bold";
        await show([paint(style, headline)], { ...current, shown: headline, message: view.incident.id });
      }
      if (entries.length > 0) {
        const lines = entries.map((entry) => entryLine(view.incident.id, entry, paint));
        await show(lines, { ...current, delivered: current.delivered + entries.length });
      }
      for (const approval of view.approvals) {
        const known = current.approvals[approval.id];
        if (known?.shown === approval.status || (!known && approval.status !== "pending")) continue;
        const shown = { message: approval.id, shown: approval.status };
        await show(approvalLines(approval, paint), {
          ...current,
          approvals: { ...current.approvals, [approval.id]: shown },
        });
      }
      return { ok: true };
    },
  };
}

/** Changes only when people would want to know: severity, status, who has it, what is paused, the end. */
function headlineOf(view: IncidentView): string {
  const { id, severity, status, title, taken } = view.incident;
  const holder = taken ? ` · ${plain(taken.by, 80)} has it` : "";
  const paused = view.paused.map(({ scope, by }) => ` · ${plain(scope, 120)} is paused by ${plain(by, 80)}`).join("");
  const end = endOf(view) ?? `${holder}${paused}`;
  return `${lampOf(view)} ${id} ${severity} ${status}${end} · ${plain(title, 200)}`;
}

function endOf(view: IncidentView): string | undefined {
  const length = outage(view);
  if (view.incident.status !== "resolved" || length === undefined) return undefined;
  const how = isClosedByHand(view) ? "closed by hand while it still fires" : plain(fixedBy(view));
  return ` after ${lasting(length)}, ${how}`;
}

function entryLine(incident: string, { at, kind, text, by }: TimelineEntry, paint: Paint): string {
  const isSaid = by === "stanch" || by === "" || text.includes(by);
  const whose = isSaid ? "" : ` (${plain(by, 80)})`;
  return `${paint("dim", clock(at))} ${incident} ${iconOf(kind)} ${plain(text, 1000)}${paint("dim", whose)}`;
}

function approvalLines(approval: Approval, paint: Paint): string[] {
  const { id, playbook, target, severity, policy, status, offersKeep } = approval;
  const asks = policy.veto === undefined ? "needed" : "runs unless someone objects";
  const name = `${plain(playbook, 100)} on ${plain(target, 200)}`;
  if (status !== "pending")
    return [
      paint(status === "approved" ? "green" : "red", `  approval ${id} ${status}: ${name}${decidedBy(approval)}`),
    ];
  const steps = approval.steps.map(
    (step, index) =>
      `    ${index + 1}. ${plain(step.describe, 300)} [${step.effect}; ${step.undo === undefined ? "cannot be undone" : `undo: ${plain(step.undo, 200)}`}]`,
  );
  return [
    paint("yellow", `  approval ${id} ${asks} · ${severity} · ${name}`),
    ...steps,
    ...approval.why.slice(0, 10).map((reason) => `    why: ${plain(reason, 300)}`),
    ...(approval.runbook === undefined ? [] : [`    runbook: ${plain(approval.runbook, 300)}`]),
    `    ${policyText(approval)}`,
    ...(policy.veto === undefined ? [`    approve: ${paint("bold", `npm run stanch -- approve ${id}`)}`] : []),
    ...(offersKeep
      ? [`    approve and keep it, without its lease: ${paint("bold", `npm run stanch -- approve ${id} --keep`)}`]
      : []),
    `    ${policy.veto === undefined ? "reject: " : "object: "} ${paint("bold", `npm run stanch -- reject ${id}`)}`,
  ];
}

function policyText({ policy, expiresAt }: Approval): string {
  const { group, required, veto } = policy;
  if (veto !== undefined) return `${group} may object; without an objection it runs in ${lasting(veto)}`;
  const people = required === 1 ? "1 person" : `${required} people`;
  return `${people} of ${group}, until ${clock(expiresAt)} UTC; it never runs by itself`;
}

function decidedBy({ votes }: Approval): string {
  const last = votes.at(-1);
  if (!last) return "";
  const reason = last.reason === undefined ? "" : `: ${plain(last.reason, 300)}`;
  return `, ${last.decision === "approve" ? "approved" : "rejected"}${last.keep ? " to be kept" : ""} by ${plain(last.by, 80)} from ${last.via}${reason}`;
}
