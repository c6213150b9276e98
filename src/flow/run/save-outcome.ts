import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "../../core/errors.ts";
import { afterRefusal, type Progress } from "./progress.ts";
import { claimLeft, type Extra, save, type Turn } from "./turn.ts";

/**
 * Stores an outcome that is known, and keeps trying while the claim lasts when the store is away: a known outcome must not
 * become an unknown one because Redis restarted.
 * @throws AppError "unavailable" when the claim ends first; the next claimant reconciles.
 */
export async function saveOutcome(turn: Turn, extra: Extra): Promise<Progress> {
  for (let pause = 100; ; pause = Math.min(pause * 2, 2_000)) {
    try {
      const saved = await save(turn, extra);
      return saved.committed.ok ? { kind: "go-on", turn: saved.turn } : afterRefusal(saved.committed.failed);
    } catch (error) {
      if (codeOf(error) !== "unavailable" || claimLeft(turn) < pause) throw error;
      await sleep(pause);
    }
  }
}

/** Something forbids the commit that an outcome was to go with: it is stored alone, as it must never be lost. */
export async function keepHeld(turn: Turn, refused: Progress): Promise<Progress> {
  if (refused.kind === "reload" && turn.holdsOutcome) await saveOutcome(turn, {});
  return refused;
}
