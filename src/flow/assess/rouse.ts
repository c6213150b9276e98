import type { Milliseconds } from "../../core/time.ts";
import type { Wake } from "./deps.ts";

/** What people see may lag this far behind; in a storm many changes of an incident become one publication. */
const GATHERED: Milliseconds = 250;

/**
 * Passes runs on at once and gathers the rest, each member once. The due set has all of them, so that a wake-up which is lost
 * with the process is found by the sweeper.
 */
export function createRouser(wake: (wakes: readonly Wake[]) => void): (wakes: readonly Wake[]) => void {
  const gathered = new Map<string, Wake>();
  const flush = (): void => {
    const wakes = [...gathered.values()];
    gathered.clear();
    wake(wakes);
  };
  return (wakes) => {
    const urgent = wakes.filter(isUrgent);
    if (urgent.length > 0) wake(urgent);
    for (const one of wakes) {
      if (isUrgent(one)) continue;
      if (gathered.size === 0) setTimeout(flush, GATHERED).unref();
      gathered.set(one.delay === undefined ? one.member : `${one.member} ${one.at}`, one);
    }
  };
}

function isUrgent({ member }: Wake): boolean {
  return member.startsWith("run:");
}
