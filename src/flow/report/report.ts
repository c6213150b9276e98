import type { Store } from "../../core/store.ts";
import type { Milliseconds } from "../../core/time.ts";
import { actions, checks, notDone } from "./action-sections.ts";
import { type ReportFacts, readFacts } from "./facts.ts";
import { day, text } from "./markdown.ts";
import { approvals, followUps, leases, people } from "./people-sections.ts";
import { classification, milestones, summary } from "./summary-sections.ts";
import { timelineSection } from "./timeline-section.ts";

/** The report of an incident as it stands now; undefined when there is no such incident. */
export async function composeReport(
  store: Store,
  id: string,
  postMortemWithin?: Milliseconds,
): Promise<string | undefined> {
  const facts = await readFacts(store, id);
  if (!facts) return undefined;
  return renderReport(postMortemWithin === undefined ? facts : { ...facts, postMortemWithin });
}

/**
 * The incident's report in Markdown: the union of the fields that runbooks ask for (RB-REPORT-4 to 12). Times are UTC. What is
 * measured or recorded is filled in; analysis is left to people.
 */
export function renderReport(facts: ReportFacts): string {
  const { incident } = facts.view;
  const sections = [
    summary(facts),
    milestones(facts),
    classification(facts),
    actions(facts),
    checks(facts),
    notDone(facts),
    leases(facts),
    approvals(facts),
    people(facts),
    followUps(facts),
    timelineSection(facts),
  ];
  return `# Incident report: ${text(incident.title, 200)}, ${day(incident.startedAt)}\n\n${sections.join("\n\n")}\n`;
}
