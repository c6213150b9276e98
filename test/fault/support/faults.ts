import type { RunEvent } from "../../../src/core/run/events.ts";

/** A place in a run's life: right before or right after the commit that holds the nth event with this key. */
export type Point = { key: string; nth?: number; when: "before" | "after"; signal?: "SIGKILL" | "SIGSTOP" };

/** What goes wrong in a worker. */
export type Faults = {
  kill?: Point;
  /** File that gets one line per commit: the keys of the journal events in it. */
  trace?: string;
  /** Wake-ups of the queue that are lost: the first of each member, or most. */
  drop?: "once" | "most";
  /** Minutes by which its clock is wrong. */
  skew?: number;
  claimFor?: number;
  grace?: number;
};

/** Names a journal event across runs of one scenario: kind of run, type, path, phase. */
export function eventKey(list: string, item: object): string {
  const event = item as RunEvent;
  const parts: string[] = [list.slice("run:".length, "run:".length + 3), event.type];
  if ("path" in event && event.path !== undefined) parts.push(event.path);
  if ("phase" in event) parts.push(event.phase);
  return parts.join(" ");
}
