import type { Desk } from "../../core/desk.ts";
import { AppError } from "../../core/errors.ts";
import { isActive, plain } from "../words.ts";

/** Something that can be named: its id, the incident it belongs to, and a few words to tell it by. */
export type Candidate = { id: string; incident?: string; label: string };

const POOL = 200;
const LISTED = 8;

/** What is looked for. `counted`: its ids are counted, so that the beginning of a number is another one's number. */
export type Looking = { noun: string; those: string; counted?: true };

/**
 * The candidate that was meant: its whole id, or else the only one that what was typed fits: as its number (`12` for `inc-12`), as the
 * beginning of its id or number, or as its incident's id. Where it fits one as this and another as that, nothing is guessed.
 * @throws AppError `not_found` or `invalid_request` with a sentence that lists what there is.
 */
export function completeId(typed: string, candidates: readonly Candidate[], words: Looking): string {
  const wanted = typed.toLowerCase();
  if (wanted === "") throw new AppError("invalid_request", `Which ${words.noun}? ${listed(candidates, words.those)}`);
  const whole = candidates.find(({ id }) => id.toLowerCase() === wanted);
  if (whole) return whole.id;
  const found = candidates.filter((candidate) => fits(candidate, wanted, words));
  const [only] = found;
  if (found.length === 1 && only) return sure(only, wanted);
  if (found.length > 1)
    throw new AppError("invalid_request", `${typed} fits several: ${found.slice(0, LISTED).map(show).join(", ")}.`);
  throw new AppError("not_found", `no ${words.noun} ${plain(typed, 80)}; ${listed(candidates, words.those)}`);
}

/**
 * Digits that only begin an id may as well be the number of an incident that has nothing there any more, such as an approval that
 * somebody else has just decided: that is not guessed either.
 */
function sure(only: Candidate, wanted: string): string {
  if (!/^\d+$/.test(wanted) || isNamed(only, wanted)) return only.id;
  throw new AppError("invalid_request", `${wanted} only begins ${show(only)}: type more of it.`);
}

function fits(candidate: Candidate, wanted: string, { counted }: Looking): boolean {
  if (isNamed(candidate, wanted)) return true;
  const { id } = candidate;
  return counted === undefined && (id.toLowerCase().startsWith(wanted) || numberOf(id).startsWith(wanted));
}

function isNamed({ id, incident }: Candidate, wanted: string): boolean {
  return numberOf(id) === wanted || (incident !== undefined && (incident === wanted || numberOf(incident) === wanted));
}

/** What follows the first dash of an id. */
function numberOf(id: string): string {
  return id.slice(id.indexOf("-") + 1).toLowerCase();
}

function listed(candidates: readonly Candidate[], those: string): string {
  if (candidates.length === 0) return `there are none ${those}.`;
  const more = candidates.length > LISTED ? ` and ${candidates.length - LISTED} more` : "";
  return `${those} are: ${candidates.slice(0, LISTED).map(show).join(", ")}${more}.`;
}

function show({ id, label }: Candidate): string {
  return label === "" ? id : `${id} (${plain(label, 60)})`;
}

/** An incident that is open or mitigated, or any whose whole id was typed. */
export async function incidentId(desk: Desk, typed = ""): Promise<string> {
  const pages = await Promise.all(["open", "mitigated"].map((status) => desk.incidents({ limit: POOL, status })));
  const open = pages
    .flatMap((page) => page.items)
    .map(({ id, severity, title }) => ({ id, label: `${severity} ${title}` }));
  if (!open.some(({ id }) => id === typed) && typed !== "" && (await desk.incident(typed))) return typed;
  return completeId(typed, open, { noun: "incident", those: "open", counted: true });
}

/** An approval that waits, or any whose whole id was typed, so that the answer can say what became of it. */
export async function approvalId(desk: Desk, typed = ""): Promise<string> {
  const { items } = await desk.approvals({ limit: POOL, status: "pending" });
  if (!items.some(({ id }) => id === typed) && typed !== "" && (await desk.approval(typed))) return typed;
  const waiting = items.map((one) => ({
    id: one.id,
    label: one.playbook,
    ...(one.incidentId !== undefined && { incident: one.incidentId }),
  }));
  return completeId(typed, waiting, { noun: "approval", those: "waiting" });
}

/** A run that is not over, or any whose whole id was typed. */
export async function runId(desk: Desk, typed = ""): Promise<string> {
  const { items } = await desk.runs({ limit: POOL });
  if (items.some(({ id }) => id === typed) || (typed !== "" && (await desk.run(typed)))) return typed;
  const active = items.filter(isActive).map((run) => ({
    id: run.id,
    label: run.playbook,
    ...(run.incidentId !== undefined && { incident: run.incidentId }),
  }));
  return completeId(typed, active, { noun: "run", those: "under way" });
}

/** A lease that is active or could not be undone. */
export async function leaseId(desk: Desk, typed = ""): Promise<string> {
  const pages = await Promise.all(["active", "failed"].map((status) => desk.leases({ limit: POOL, status })));
  const live = pages
    .flatMap((page) => page.items)
    .map((lease) => ({
      id: lease.id,
      label: lease.describe,
      ...(lease.incidentId !== undefined && { incident: lease.incidentId }),
    }));
  return completeId(typed, live, { noun: "lease", those: "active" });
}

/** Something a person is asked to do. */
export async function taskId(desk: Desk, typed = ""): Promise<string> {
  const { items } = (await desk.tasks?.({ limit: POOL, status: "open" })) ?? { items: [] };
  const open = items.map(({ id, ask, incidentId: incident }) => ({
    id,
    label: ask,
    ...(incident !== undefined && { incident }),
  }));
  return completeId(typed, open, { noun: "task", those: "open" });
}
