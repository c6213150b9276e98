import { formatDuration } from "../duration.ts";
import { pausedText, takenIncident } from "../pause.ts";
import type { Pause } from "../store.ts";
import { plainTime } from "../time.ts";
import { type Guard, type GuardAnswer, type GuardSnapshot, isUnreadable, type Unreadable } from "./snapshot.ts";

const ALLOW: GuardAnswer = { answer: "allow" };

/** An unreadable input is a denial that names what could not be read. */
function read<T>(value: T | Unreadable, judge: (value: T) => GuardAnswer): GuardAnswer {
  return isUnreadable(value) ? { answer: "deny", reason: `cannot be read: ${value.unreadable}` } : judge(value);
}

function ask(condition: boolean, reason: string): GuardAnswer {
  return condition ? { answer: "ask", reason } : ALLOW;
}

function pause(snapshot: GuardSnapshot): GuardAnswer {
  if (isUnreadable(snapshot.pauses))
    return { answer: "wait", for: "pause", reason: `the kill switch cannot be read: ${snapshot.pauses.unreadable}` };
  const held = snapshot.pauses.find((one) => snapshot.scopes.includes(one.scope));
  if (!held) return ALLOW;
  return { answer: "wait", for: "pause", reason: heldText(held) };
}

function heldText(held: Pause): string {
  if (takenIncident(held.scope) !== undefined) return `${pausedText(held)}, until release`;
  const until = held.until === undefined ? "until somebody resumes" : `until ${plainTime(held.until)}`;
  return `${pausedText(held)}${held.reason && ` (${held.reason})`} ${until}`;
}

function freeze(snapshot: GuardSnapshot): GuardAnswer {
  return read(snapshot.freeze, ([window]) =>
    window
      ? { answer: "deny", reason: `freeze: ${window.reason}, until ${plainTime(window.until)}`, until: window.until }
      : ALLOW,
  );
}

function blastRadius({ targets, maxTargets }: GuardSnapshot): GuardAnswer {
  if (targets.length === 0 || targets.some((target) => target.trim() === ""))
    return { answer: "deny", reason: "the step names no target; an empty selector never means everything" };
  return targets.length > maxTargets
    ? { answer: "deny", reason: `${targets.length} targets; at most ${maxTargets} per step` }
    : ALLOW;
}

function scope({ targets, declared }: GuardSnapshot): GuardAnswer {
  const foreign = targets.filter((target) => !declared.includes(target));
  return foreign.length > 0
    ? {
        answer: "deny",
        reason: `${foreign.join(", ")} is neither the run's target nor one of also-targets (${declared.join(", ")})`,
      }
    : ALLOW;
}

/** Over at once: should the alert fire again within its incident, it asks anew. */
function stale({ firing, completing, now: until }: GuardSnapshot): GuardAnswer {
  if (completing) return ALLOW;
  return read(firing, (now) =>
    now === false ? { answer: "deny", reason: "the alert has resolved meanwhile", until } : ALLOW,
  );
}

function restoring({ reopened }: GuardSnapshot): GuardAnswer {
  return read(reopened, (again) => (again ? { answer: "deny", reason: "the incident fires again" } : ALLOW));
}

function cooldown({ cooldown: left, reserved, now }: GuardSnapshot): GuardAnswer {
  if (reserved) return ALLOW;
  return read(left, (ms) =>
    ms > 0
      ? { answer: "deny", reason: `it ran on this target recently; again in ${formatDuration(ms)}`, until: now + ms }
      : ALLOW,
  );
}

function budget({ budgets, reserved }: GuardSnapshot): GuardAnswer {
  if (reserved) return ALLOW;
  return read(budgets, (all) => {
    const full = all.find((one) => one.spent >= one.window.runs);
    if (!full) return ALLOW;
    return {
      answer: "deny",
      reason: `the ${full.name} budget of ${full.window.runs} per ${formatDuration(full.window.per)} is used up`,
    };
  });
}

function fleet({ fleet: seen }: GuardSnapshot): GuardAnswer {
  return read(seen, ({ alerting, known, fraction, min }) =>
    ask(
      known >= min && alerting / known > fraction,
      `${alerting} of ${known} known targets alert at once; suspect the monitoring`,
    ),
  );
}

function flapping({ flapping: seen }: GuardSnapshot): GuardAnswer {
  return read(seen, ({ changes, limit, per }) =>
    ask(changes >= limit, `the alert changed ${changes} times in ${formatDuration(per)}; it flaps`),
  );
}

function relapse({ undoneRecently }: GuardSnapshot): GuardAnswer {
  return read(undoneRecently, (undone) =>
    ask(undone, "the same mitigation was undone a short while ago, so a person says whether to apply it again"),
  );
}

function stepAsks({ stepAsks: reason }: GuardSnapshot): GuardAnswer {
  return ask(reason !== undefined, reason ?? "");
}

function autonomy({ autonomy: level, autonomyWhy: why }: GuardSnapshot): GuardAnswer {
  if (level === "observe") return { answer: "deny", reason: `${why ?? "autonomy is observe"}: nothing is changed` };
  return ask(level === "approve", why ?? "autonomy is approve for this severity");
}

function lock({ locks, runId }: GuardSnapshot): GuardAnswer {
  return read(locks, (holders) => {
    const held = Object.entries(holders).find(([, owner]) => owner !== runId);
    return held ? { answer: "wait", for: "lock", reason: `${held[0]} is locked by ${held[1]}` } : ALLOW;
  });
}

function concurrency({ running, reserved }: GuardSnapshot): GuardAnswer {
  if (reserved) return ALLOW;
  return read(running, ({ count, limit }) =>
    count >= limit ? { answer: "wait", for: "concurrency", reason: busyText(count, limit) } : ALLOW,
  );
}

/** Runs that wait for people hold a place, too: five unanswered questions keep everything else from changing. */
function busyText(count: number, limit: number): string {
  const what = count === 1 ? "1 run is" : `${count} runs are`;
  return `${what} under way that may have changed things, those that measure or wait for people included; at most ${limit} at once`;
}

/** Every guard, in the order people read them: what holds, what denies, what asks, what waits. */
export const GUARDS: readonly (Guard & { exemptsUndo: boolean })[] = [
  { name: "pause", evaluate: pause, exemptsUndo: false },
  { name: "blast-radius", evaluate: blastRadius, exemptsUndo: false },
  { name: "scope", evaluate: scope, exemptsUndo: true },
  { name: "freeze", evaluate: freeze, exemptsUndo: true },
  { name: "stale", evaluate: stale, exemptsUndo: true },
  { name: "reopened", evaluate: restoring, exemptsUndo: true },
  { name: "cooldown", evaluate: cooldown, exemptsUndo: true },
  { name: "budget", evaluate: budget, exemptsUndo: true },
  { name: "fleet", evaluate: fleet, exemptsUndo: true },
  { name: "flapping", evaluate: flapping, exemptsUndo: true },
  {
    name: "truncated",
    evaluate: ({ truncated }) => ask(truncated, "the source left alerts out of this group"),
    exemptsUndo: true,
  },
  {
    name: "doubtful",
    evaluate: ({ doubtful }) =>
      ask(doubtful, "stale: the alert fired again without a newer start; it may be a late duplicate"),
    exemptsUndo: true,
  },
  { name: "relapse", evaluate: relapse, exemptsUndo: true },
  { name: "step", evaluate: stepAsks, exemptsUndo: true },
  { name: "autonomy", evaluate: autonomy, exemptsUndo: true },
  {
    name: "destructive",
    evaluate: ({ effect }) => ask(effect === "destructive", "the step is destructive: it always needs a person"),
    exemptsUndo: true,
  },
  { name: "lock", evaluate: lock, exemptsUndo: false },
  { name: "concurrency", evaluate: concurrency, exemptsUndo: true },
];
