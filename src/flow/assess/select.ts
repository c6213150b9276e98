import type { AlertRecord } from "../../core/episode.ts";
import { type Occasion, playbooksFor } from "../../core/explain.ts";
import type { Incident } from "../../core/incident.ts";
import { byPriority, type MatchIndex } from "../../core/match-index.ts";
import { unusable } from "../../core/playbook/installation.ts";
import type { Playbook } from "../../core/playbook/playbook.ts";
import type { Evaluated, Scope } from "../../core/scope.ts";
import type { Instant } from "../../core/time.ts";
import type { Facts } from "./facts.ts";
import { alertScope } from "./subject.ts";

/** An alert that may select playbooks, with the facts measured for it. */
export type Entrant = { record: AlertRecord; facts: Facts };

/** A playbook for one target, with the alerts that ask for it; the first of them selects it. */
export type Candidate = { playbook: Playbook; target: string; entrants: readonly Entrant[] };

/** Candidates per target in the order of the ladder, and why some playbooks have no target. */
export type Ladders = { targets: ReadonlyMap<string, readonly Candidate[]>; refusals: readonly string[] };

/** Where playbooks are selected: the incident as it will be stored, and what for. */
export type Setting = { incident: Incident; occasion: Occasion; now: Instant };

/** Every playbook that fits any of the alerts, grouped by the target that its text renders for the alert. Pure. */
export function laddersFor(index: MatchIndex, entrants: readonly Entrant[], setting: Setting): Ladders {
  const rungs = new Map<string, Map<string, { playbook: Playbook; entrants: Entrant[] }>>();
  const refusals = new Set<string>();
  for (const entrant of entrants) {
    for (const playbook of playbooksFor(index, entrant.record.alert.labels, setting.occasion)) {
      const lacking = unusable(playbook);
      if (lacking !== undefined) {
        refusals.add(`Playbook ${playbook.name} matches, but cannot run here: ${lacking}`);
        continue;
      }
      const target = targetOf(playbook, entrant, setting);
      if (!target.known) refusals.add(`Playbook ${playbook.name} does not start: ${target.why}`);
      else rungOf(rungs, target.value, playbook).push(entrant);
    }
  }
  const targets = new Map([...rungs].map(([target, rows]) => [target, candidatesOf(target, rows.values())]));
  return { targets, refusals: [...refusals] };
}

/** The next playbook to try on a target: the highest priority that has not been tried. The ladder's one rule. */
export function nextRung(candidates: readonly Candidate[], tried: ReadonlySet<string>): Candidate | undefined {
  return candidates.find((candidate) => !tried.has(candidate.playbook.name));
}

type Rung = { playbook: Playbook; entrants: Entrant[] };

function rungOf(rungs: Map<string, Map<string, Rung>>, target: string, playbook: Playbook): Entrant[] {
  const rows = rungs.get(target) ?? new Map<string, Rung>();
  rungs.set(target, rows);
  const row = rows.get(playbook.name) ?? { playbook, entrants: [] };
  rows.set(playbook.name, row);
  return row.entrants;
}

function candidatesOf(target: string, rows: Iterable<Rung>): readonly Candidate[] {
  return [...rows].sort((a, b) => byPriority(a.playbook, b.playbook)).map((row) => ({ ...row, target }));
}

/** The target as the run will render it: vars first, each seeing those before it. */
function targetOf(
  playbook: Playbook,
  { record, facts }: Entrant,
  { incident, occasion, now }: Setting,
): Evaluated<string> {
  const { id, key, opening, labels } = incident;
  const view: Scope["incident"] = { id, key, severity: occasion.severity, opening, labels };
  const scope = alertScope({ alert: record.alert, now, vars: {}, facts, incident: view });
  const vars: Record<string, unknown> = {};
  for (const [name, template] of Object.entries(playbook.vars)) {
    const rendered = template.render({ ...scope, vars });
    if (!rendered.known) return { known: false, why: `vars.${name}: ${rendered.why}` };
    vars[name] = rendered.value;
  }
  const target = playbook.target.render({ ...scope, vars });
  if (!target.known) return { known: false, why: `target: ${target.why}` };
  return target.value === "" ? { known: false, why: "its target is empty" } : target;
}
