import { CronExpressionParser } from "cron-parser";
import type { FreezeWindow } from "./config.ts";
import type { Instant } from "./time.ts";

/** Fewer fields would be filled up from the left, so that the window would come at other times. */
const FIELDS = /^\s*(?:@\w+|\S+(?:\s+\S+){4})\s*$/;
/** Jenkins' hash, another time at each look. Of the names of days and months only `THU` has an `H`. */
const HASH = /H(?!U)|(?<!T)H/;

/** What is wrong with a window, and at which of its keys; undefined when it can be read. */
export function freezeFault(window: { cron: string; tz: string }): { key: "cron" | "tz"; message: string } | undefined {
  try {
    new Intl.DateTimeFormat("en", { timeZone: window.tz });
  } catch {
    return { key: "tz", message: `there is no time zone ${window.tz}` };
  }
  if (FIELDS.test(window.cron) && !HASH.test(window.cron) && canParse(window)) return undefined;
  const message = `${window.cron} is no cron expression of five fields: minute, hour, day of the month, month, day of the week`;
  return { key: "cron", message };
}

function canParse({ cron, tz }: { cron: string; tz: string }): boolean {
  try {
    CronExpressionParser.parse(cron, { tz });
    return true;
  } catch {
    return false;
  }
}

/** The windows that hold now for this severity, with their ends. The latest start before now decides. */
export function activeFreezes(
  windows: readonly FreezeWindow[],
  severity: string,
  now: Instant,
): readonly { reason: string; until: Instant }[] {
  return windows.flatMap((window) => {
    if (window.allow.includes(severity)) return [];
    const started = CronExpressionParser.parse(window.cron, { tz: window.tz, currentDate: new Date(now + 1) })
      .prev()
      .getTime();
    const until = started + window.for;
    return now < until ? [{ reason: window.reason, until }] : [];
  });
}
