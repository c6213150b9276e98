import type { Claim } from "../../core/store.ts";
import type { Milliseconds } from "../../core/time.ts";
import type { RunDeps } from "./deps.ts";

/** So long after a run's end its journal is packed: what follows from the end comes first, and many runs may end at once. */
export const SEAL_AFTER: Milliseconds = 60_000;

/** What is left to do for a run that has ended, or is gone, whoever woke it: its journal takes less room, and nothing is due any more. */
export async function sealRun(
  { store }: Pick<RunDeps, "store">,
  claim: Claim,
  journal: readonly object[],
): Promise<void> {
  const { run, epoch } = claim;
  await store.commit({
    checks: [{ check: "claim", run, epoch }],
    writes: [
      { write: "seal", list: `run:${run}`, items: journal },
      { write: "expire", what: "claim", name: run, at: claim.now },
      { write: "undue", member: `run:${run}` },
    ],
  });
}
