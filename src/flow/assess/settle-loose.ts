import { explain, explainUnlooked } from "../../core/explain.ts";
import type { Instant } from "../../core/time.ts";
import { type AssessDeps, type Extra, joinParts, type Part } from "./deps.ts";
import type { Judged } from "./judge.ts";
import type { Seen } from "./look.ts";
import { closedRecord, recordOf, recordWrites } from "./record.ts";
import type { Closing, Loose } from "./sort.ts";
import { nextLook, waitingSet, waitWrites } from "./waiting.ts";

/** The writes for episodes without an incident, and when the open ones are to be looked at again. */
export type Settled = { part: Part; lookAt?: Instant };

type Look = { key: string; id: string; at: Instant };

/** Records what concerns no incident: severity none, ended before anyone looked, or ended and never part of one. */
export function settleLoose(
  deps: AssessDeps,
  loose: readonly Loose[],
  pass: { now: Instant; again: boolean },
): Settled {
  const parts: Extra[] = [];
  const looks: Look[] = [];
  for (const one of loose) {
    if (one.kind === "closed") parts.push(settleClosed(one.closing, one.seen));
    else if (one.kind === "late") parts.push(settleLate(one.seen, pass.now));
    else {
      const { written, look } = settleNone(deps, one.judged, pass.now);
      parts.push(written);
      if (look !== undefined && (pass.again || written.writes.length > 0)) looks.push(look);
    }
  }
  const part = joinParts([...parts, ...(pass.again ? [] : [waits(looks)])]);
  return looks.length === 0 ? { part } : { part, lookAt: Math.min(...looks.map((look) => look.at)) };
}

function settleNone(deps: AssessDeps, judged: Judged, now: Instant): { written: Extra; look: Look | undefined } {
  const { seen, facts, classified } = judged;
  const explanation = explain({ at: now, facts, classified, notes: [] });
  const written = recordWrites(seen.doc, recordOf(seen, { assessment: "none", explanation }));
  const at = nextLook(deps, judged, now);
  return { written, look: at === undefined ? undefined : { key: seen.subject.correlation.key, id: seen.id, at } };
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
function waits(looks: readonly Look[]): Extra {
  const byKey = Map.groupBy(looks, (look) => look.key);
  const writes = [...byKey].flatMap(([key, rows]) =>
    waitWrites(
      key,
      rows.map((row) => row.id),
      Math.min(...rows.map((row) => row.at)),
    ),
  );
  return { checks: [], writes };
}
