import type { z } from "zod";

type Issue = z.core.$ZodIssue;

/** What is wrong, in zod's words; of a choice, which zod only calls invalid, also what each of its kinds wants. */
export function issueText(issue: Issue): string {
  const wanted = issue.code === "invalid_union" ? [...new Set(issue.errors.flat().flatMap(wantedBy))] : [];
  if (wanted.length === 0) return issue.message;
  return `${issue.message}: expected ${[wanted.slice(0, -1).join(", "), wanted.at(-1)].filter(Boolean).join(" or ")}`;
}

function wantedBy(issue: Issue): readonly string[] {
  if (issue.path.length > 0) return [];
  if (issue.code === "invalid_union") return issue.errors.flat().flatMap(wantedBy);
  const [, wanted] = /expected (.+?)(?:, received .+)?$/.exec(issue.message) ?? [];
  return wanted === undefined ? [] : [wanted];
}
