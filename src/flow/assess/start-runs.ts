import type { Occasion } from "../../core/explain.ts";
import type { Incident } from "../../core/incident.ts";
import type { Instant } from "../../core/time.ts";
import type { RunPlan } from "../run/create-run.ts";
import { type AssessDeps, joinParts, NOTHING, type Part } from "./deps.ts";
import { nameOf } from "./lines.ts";
import { type Candidate, type Entrant, laddersFor, nextRung } from "./select.ts";

/** Runs to create for one incident, the incident that names them, and why other playbooks do not run. */
export type Started = { incident: Incident; part: Part; remarks: readonly string[] };

export type Occurrence = { incident: Incident; entrants: readonly Entrant[]; on: Occasion["on"]; now: Instant };

/** Targets that one incident may start ladders on in one opening; beyond it, people are told. */
const MAX_LADDERS = 100;
/** Names in the remark about alerts that no playbook matches. */
const NAMED = 5;

/**
 * Plans the first run on every target that has no ladder yet in this opening. Further rungs are the run's own business, when
 * it has ended. A playbook that cannot start says why, and the next one is tried.
 */
export function startRuns(deps: AssessDeps, { incident, entrants, on, now }: Occurrence): Started {
  if (entrants.length === 0) return { incident, part: NOTHING, remarks: [] };
  const occasion: Occasion = { severity: incident.severity, on };
  const ladders = laddersFor(deps.index(), entrants, { incident, occasion, now });
  const remarks = [...ladders.refusals, ...unmatched(deps, entrants, occasion)];
  let state: Started = { incident, part: NOTHING, remarks };
  for (const candidates of ladders.targets.values()) state = startLadder(deps, state, { candidates, on, now });
  return state;
}

type Ladder = { candidates: readonly Candidate[]; on: Occasion["on"]; now: Instant };

function startLadder(deps: AssessDeps, state: Started, { candidates, on, now }: Ladder): Started {
  const target = candidates[0]?.target ?? "";
  const field = on === "recovered" ? `recovered ${target}` : target;
  const ladders = state.incident.ladders ?? {};
  if (Object.hasOwn(ladders, field)) return state;
  if (Object.keys(ladders).length >= MAX_LADDERS) {
    return withRemark(
      state,
      `No run is started on ${target}: this incident has runs on ${MAX_LADDERS} targets already`,
    );
  }
  const tried = new Set<string>();
  let next = state;
  for (let one = nextRung(candidates, tried); one; one = nextRung(candidates, tried)) {
    const planned = plan(deps, next.incident, { candidate: one, on, now });
    if (planned.ok) return withRun(next, { field, id: planned.id, part: partOf(planned, now) });
    tried.add(one.playbook.name);
    next = withRemark(next, `Playbook ${one.playbook.name} does not start on ${target}: ${planned.reason}`);
  }
  return next;
}

type Rung = { candidate: Candidate; on: Occasion["on"]; now: Instant };

function plan(deps: AssessDeps, incident: Incident, { candidate, on, now }: Rung): ReturnType<AssessDeps["planRun"]> {
  const [first] = candidate.entrants;
  if (first === undefined) return { ok: false, reason: "no alert asks for it" };
  return deps.planRun({
    incident,
    playbook: candidate.playbook,
    alert: first.record,
    alerts: candidate.entrants.map((entrant) => entrant.record),
    severity: incident.severity,
    facts: first.facts,
    rung: 1,
    trigger: on,
    by: "stanch",
    now,
  });
}

function partOf({ checks, writes, wake, created }: RunPlan, now: Instant): Part {
  return { checks, writes, wakes: [{ member: wake, at: now, created }] };
}

function withRun(state: Started, { field, id, part }: { field: string; id: string; part: Part }): Started {
  const { incident } = state;
  const runs = [...incident.runs, id];
  const ladders = { ...incident.ladders, [field]: id };
  return { ...state, incident: { ...incident, runs, ladders }, part: joinParts([state.part, part]) };
}

function withRemark(state: Started, remark: string): Started {
  return { ...state, remarks: [...state.remarks, remark] };
}

/** Says for which alerts no playbook exists; on recovery that is no news. */
function unmatched(deps: AssessDeps, entrants: readonly Entrant[], { severity, on }: Occasion): readonly string[] {
  if (on === "recovered") return [];
  const names = entrants.filter(({ record }) => record.assessment === "unmatched").map(({ record }) => nameOf(record));
  const remarks = [...new Set(names)].map(
    (name) => `No playbook matches ${name} at ${severity}; see the alert for what came close`,
  );
  return deps.index().size === 0 && remarks.length > 0 ? ["No playbook is loaded"] : remarks.slice(0, NAMED);
}
