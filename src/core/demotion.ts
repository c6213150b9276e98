import type { Instant } from "./time.ts";

/** How a playbook's last runs were verified (document kind `demotion`, id = playbook). Removed by a person's reset. */
export type Demotion = { failures: number; demoted: boolean; at: Instant };

/** After this many failed verifications in a row a playbook asks until a person resets it. */
export const DEMOTED_AFTER = 3;

/** What a demotion is and how it ends: `demoted: its last 3 runs failed their verification; ...`. */
export function demotionText(playbook: string, failures = DEMOTED_AFTER): string {
  return `demoted: its last ${failures} runs failed their verification; \`stanch reset ${playbook}\` lifts that`;
}

/** The demotion after one more verified run; undefined: nothing is held against it any more. */
export function afterVerification(old: Demotion | undefined, held: boolean, at: Instant): Demotion | undefined {
  if (held) return old?.demoted ? old : undefined;
  const failures = (old?.failures ?? 0) + 1;
  return { failures, demoted: old?.demoted === true || failures >= DEMOTED_AFTER, at };
}
