import type { Milliseconds } from "../../core/time.ts";
import type { Wake } from "./deps.ts";

/** What people see may lag this far behind; in a storm many changes of an incident become one publication. */
const GATHERED: Milliseconds = 250;
/** In a storm it may lag this far: first everything is assessed, and its runs begin. The sweeper comes every five seconds. */
const HELD: Milliseconds = 2_000;
/** Wake-ups passed on in one turn of the event loop. */
const AT_ONCE = 20;

/**
 * Passes runs on at once and gathers the rest, each member once. The due set has all of them, so that a wake-up which is lost
 * with the process is found by the sweeper.
 */
export function createRouser(
  wake: (wakes: readonly Wake[]) => void,
  isStorming: () => boolean = () => false,
): (wakes: readonly Wake[]) => void {
  const gathered = new Map<string, Wake>();
  let held = 0;
  const later = (): void => void setTimeout(flush, GATHERED).unref();
  const flush = (): void => {
    held += GATHERED;
    const isHeld = held < HELD && isStorming();
    const wakes: Wake[] = [];
    for (const [key, one] of gathered) {
      if (isHeld && one.delay === undefined) continue;
      wakes.push(one);
      gathered.delete(key);
    }
    inTurns(wakes, wake);
    if (gathered.size > 0) later();
  };
  return (wakes) => {
    const urgent = wakes.filter(isUrgent);
    if (urgent.length > 0) wake(urgent);
    for (const one of wakes) {
      if (isUrgent(one)) continue;
      if (gathered.size === 0) {
        held = 0;
        later();
      }
      gathered.set(one.delay === undefined ? one.member : `${one.member} ${one.at}`, one);
    }
  };
}

/** A storm's wake-ups are thousands, and each is a job to make. */
function inTurns(wakes: readonly Wake[], wake: (wakes: readonly Wake[]) => void): void {
  if (wakes.length === 0) return;
  wake(wakes.slice(0, AT_ONCE));
  if (wakes.length > AT_ONCE) setImmediate(inTurns, wakes.slice(AT_ONCE), wake);
}

function isUrgent({ member }: Wake): boolean {
  return member.startsWith("run:");
}
