import type { Incident } from "../../core/incident.ts";
import type { Check, Doc, Write } from "../../core/store.ts";
import { type AssessDeps, CURRENT, type Part } from "./deps.ts";

/** An incident as it will be once the commits under way have happened. */
export type Head = { doc: Doc<Incident>; flying: number };

/**
 * Sends a commit and lets the next group decide on its outcome before it is known: the incidents it writes become heads, which
 * `look` prefers to the store. A head is a guess that every commit checks by revision, so a wrong one costs a retry, no more.
 * Resolves to whether the commit took place. @throws AppError `unavailable`.
 */
export async function commitAhead(deps: AssessDeps, part: Part): Promise<boolean> {
  if (part.writes.length === 0) return true;
  const ids = foresee(deps, part);
  let ok = false;
  try {
    ok = (await deps.store.commit({ checks: part.checks, writes: part.writes })).ok;
  } finally {
    for (const id of ids) land(deps, id, ok);
  }
  if (ok) deps.rouse(part.wakes);
  return ok;
}

function foresee(deps: AssessDeps, part: Part): readonly string[] {
  const puts = part.writes.filter(isIncident);
  if (puts.length === 0) return [];
  const revs = new Map(part.checks.filter(isIncidentRev).map((check) => [check.id, check.rev]));
  for (const { id, body } of puts) {
    const doc = { rev: (revs.get(id) ?? 0) + 1, body: body as Incident };
    deps.heads.set(id, { doc, flying: (deps.heads.get(id)?.flying ?? 0) + 1 });
  }
  for (const write of part.writes) {
    if (write.write === "field" && write.hash === CURRENT && write.value !== null)
      deps.current.set(write.field, write.value);
  }
  return puts.map((put) => put.id);
}

function land(deps: AssessDeps, id: string, ok: boolean): void {
  const head = deps.heads.get(id);
  if (head === undefined) return;
  if (!ok || head.flying === 1) deps.heads.delete(id);
  else deps.heads.set(id, { ...head, flying: head.flying - 1 });
}

function isIncident(write: Write): write is Extract<Write, { write: "put" }> {
  return write.write === "put" && write.kind === "incident";
}

function isIncidentRev(check: Check): check is Extract<Check, { check: "rev" }> {
  return check.check === "rev" && check.kind === "incident";
}
