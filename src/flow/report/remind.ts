import { formatDuration } from "../../core/duration.ts";
import type { Incident } from "../../core/incident.ts";
import type { Doc } from "../../core/store.ts";
import type { Instant } from "../../core/time.ts";
import { type Followed, lookAgain } from "../followed.ts";
import { minute } from "./markdown.ts";
import { type PostMortem, type ReportDeps, type ReportState, reportLines } from "./state.ts";

/** Of the time until the post-mortem is due: of 48 hours, after 24 and after 44 (RB-REPORT-10). */
const REMINDERS = [1 / 2, 11 / 12];

type Sight = { incident: Incident; doc: Doc<ReportState> | undefined; now: Instant };

/** Reminds of the post-mortem, each time once; what was missed while nobody worked is said in one reminder. */
export async function remind(
  deps: Pick<ReportDeps, "store">,
  { incident, doc, now }: Sight,
  next: Instant | undefined,
): Promise<Followed> {
  const due = doc?.body.postMortem;
  if (!doc || !due || incident.status !== "resolved" || due.opening !== incident.opening) return lookAgain(next);
  const times = REMINDERS.map((share) => due.resolvedAt + Math.round((due.dueAt - due.resolvedAt) * share));
  const past = times.filter((at) => at <= now).length;
  const upcoming = times.find((at) => at > now);
  if (past <= due.reminded) return lookAgain(next, upcoming);
  await deps.store.commit({
    checks: [{ check: "rev", kind: "report", id: incident.id, rev: doc.rev }],
    writes: [
      {
        write: "put",
        kind: "report",
        id: incident.id,
        body: { ...doc.body, postMortem: { ...due, reminded: past } },
      },
      ...reportLines(incident.id, [reminder(incident.id, due, now)], now),
    ],
  });
  return { changed: true };
}

function reminder(id: string, { dueAt, report }: PostMortem, now: Instant): string {
  const left = now < dueAt ? `in ${formatDuration(Math.round((dueAt - now) / 60_000) * 60_000)}, ` : "since ";
  return `the post-mortem of ${id} is due ${left}${minute(dueAt)}; its report: ${report}`;
}
