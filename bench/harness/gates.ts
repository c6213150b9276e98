/** A row of the design's table of goals (section 13): `at-least` gates are reached from above, `at-most` ones from below. */
export type Goal = {
  id: string;
  what: string;
  unit: string;
  side: "at-least" | "at-most";
  gate: number;
  stretch: number;
};

/** `[gate, stretch]` for each size or level that a row of the table names. */
type Levels = Readonly<Record<string, readonly [gate: number, stretch: number]>>;

function goals(row: Omit<Goal, "id" | "gate" | "stretch"> & { id: string; levels: Levels }): readonly Goal[] {
  return Object.entries(row.levels).map(([level, [gate, stretch]]) => ({
    id: `${row.id}.${level}`,
    what: row.what.replace("%", level),
    unit: row.unit,
    side: row.side,
    gate,
    stretch,
  }));
}

/** Every goal of the design, in its order. */
export const GOALS: readonly Goal[] = [
  ...goals({
    id: "accept.new",
    what: "accept, new alerts, groups of %, × Express + one XADD",
    unit: "×",
    side: "at-least",
    levels: { 1: [1.05, 1.2], 10: [1, 1.15], 100: [0.8, 1] },
  }),
  ...goals({
    id: "accept.repeat",
    what: "accept, identical repeats, groups of %, × the same",
    unit: "×",
    side: "at-least",
    levels: { 1: [1.7, 2.1], 10: [2, 2.8], 100: [2.5, 3.5] },
  }),
  ...goals({
    id: "accept.webhook",
    what: "accept, new alerts, groups of %, × Debian's webhook",
    unit: "×",
    side: "at-least",
    levels: { 1: [2.5, 3], 10: [2.5, 2.9], 100: [1.5, 2] },
  }),
  ...goals({
    id: "latency",
    what: "alert → first action, %, × raw BullMQ add → process",
    unit: "×",
    side: "at-most",
    levels: { p50: [2.6, 1.1], p99: [2.5, 1] },
  }),
  ...goals({
    id: "storm",
    what: "10,000 alerts assessed, % incidents, × time to XADD them",
    unit: "×",
    side: "at-most",
    levels: { 1: [3, 1.8], 1000: [5, 3.5] },
  }),
  ...goals({
    id: "storm.loop",
    what: "storm: event-loop delay, %",
    unit: "ms",
    side: "at-most",
    levels: { p99: [15, 8], max: [50, 20] },
  }),
  ...goals({
    id: "engine",
    what: "journaled steps/s at concurrency %, × raw BullMQ jobs/s",
    unit: "×",
    side: "at-least",
    levels: { 10: [1.1, 1.5], 50: [1.4, 1.8], 200: [1.6, 2.2] },
  }),
  ...goals({
    id: "matching",
    what: "matching with % playbooks, 5 % without an equality",
    unit: "µs",
    side: "at-most",
    levels: { 1000: [1, 0.3] },
  }),
  ...goals({
    id: "memory",
    what: "resident size, %",
    unit: "MB",
    side: "at-most",
    levels: { idle: [120, 100], storm: [220, 160] },
  }),
  ...goals({
    id: "redis",
    what: "Redis memory per %",
    unit: "KB",
    side: "at-most",
    levels: { "open alert": [2, 1.3], "finished 5-step run": [4, 2.8] },
  }),
];

/** What a part of the benchmark found for one goal; `note` says how steady it was, or why it is missing. */
export type Finding = { id: string; value: number | undefined; note: string };

/** True when the value is on the right side of the limit. */
export function reaches(goal: Pick<Goal, "side">, limit: number, value: number): boolean {
  return goal.side === "at-least" ? value >= limit : value <= limit;
}
