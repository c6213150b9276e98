import { explain, explainUnlooked } from "../../core/explain.ts";
import type { Instant } from "../../core/time.ts";
import { type AssessDeps, type Extra, joinParts, type Part } from "./deps.ts";
import type { Judged } from "./judge.ts";
import type { Seen } from "./look.ts";
import { closedRecord, recordOf, recordWrites } from "./record.ts";
import type { Closing, Loose } from "./sort.ts";
import { earliest, type Look, lookWakes, nextLook, waitingSet, waitWrites } from "./waiting.ts";

/** The writes for episodes without an incident, and when the open ones are to be looked at again. */
export type Settled = { part: Part; look?: Look };

type Waiting = { key: string; id: string; look: Look };

/** Records what concerns no incident: severity none, ended before anyone looked, or ended and never part of one. */
export function settleLoose(
  deps: AssessDeps,
  loose: readonly Loose[],
  pass: { now: Instant; again: boolean },
): Settled {
  const parts: Extra[] = [];
  const looks: Waiting[] = [];
  for (const one of loose) {
    if (one.kind === "closed") parts.push(settleClosed(one.closing, one.seen));
    else if (one.kind === "late") parts.push(settleLate(one.seen, pass.now));
    else {
      const { written, look } = settleNone(deps, one.judged, pass.now);
      parts.push(written);
      if (look !== undefined && (pass.again || written.writes.length > 0)) looks.push(look);
    }
  }
  const part = joinParts([...parts, ...(pass.again ? [] : waits(looks, pass.now))]);
  const look = earliest(looks.map((one) => one.look));
  return look === undefined ? { part } : { part, look };
}

function settleNone(deps: AssessDeps, judged: Judged, now: Instant): { written: Extra; look: Waiting | undefined } {
  const { seen, facts, classified } = judged;
  const explanation = explain({ at: now, facts, classified, notes: [] });
  const written = recordWrites(seen.doc, recordOf(seen, { assessment: "none", explanation }));
  const look = nextLook(deps, judged, now);
  return { written, look: look && { key: seen.subject.correlation.key, id: seen.id, look } };
}

function settleLate(seen: Seen, now: Instant): Extra {
  const explanation = explainUnlooked(now, "It ended before it was assessed; nothing was done.");
  return recordWrites(undefined, recordOf(seen, { assessment: "none", explanation }));
}

function settleClosed({ doc, state }: Closing, seen: Seen): Extra {
  const { checks, writes } = recordWrites(doc, closedRecord(doc.body, state));
  return {
    checks,
    writes: [...writes, { write: "remove", set: waitingSet(seen.subject.correlation.key), members: [doc.body.id] }],
  };
}

/** One wake-up per correlation key, at the earliest time that any of its episodes asks for. */
function waits(looks: readonly Waiting[], now: Instant): readonly Part[] {
  return [...Map.groupBy(looks, (look) => look.key)].flatMap(([key, rows]) => {
    const set = waitingSet(key);
    const look = earliest(rows.map((row) => row.look));
    if (look === undefined) return [];
    const members = rows.map((row) => row.id);
    return [{ checks: [], writes: waitWrites(set, members, look), wakes: lookWakes(set, look, now) }];
  });
}
