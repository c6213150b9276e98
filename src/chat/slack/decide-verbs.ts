import { parseDuration } from "../../core/duration.ts";
import { AppError } from "../../core/errors.ts";
import type { Lease } from "../../core/lease.ts";
import { takenIncident } from "../../core/pause.ts";
import type { Milliseconds } from "../../core/time.ts";
import { plain } from "../words.ts";
import { approvalId, incidentId, leaseId, runId, taskId } from "./complete.ts";
import { decide, type Verb } from "./verb.ts";

type IncidentDecision = "ack" | "take" | "release";

function incidentVerb(verb: IncidentDecision, does: string): Verb {
  return {
    usage: `${verb} ID`,
    does,
    async answer(deps, { who, args: [id] }) {
      return decide(deps, who, { verb, incident: await incidentId(deps.desk, id) });
    },
  };
}

const close: Verb = {
  usage: "close ID [reason]",
  does: "close an incident by hand",
  async answer(deps, { who, args: [id, ...reason] }) {
    return decide(deps, who, { verb: "close", incident: await incidentId(deps.desk, id), ...reasonOf(reason) });
  },
};

const approve: Verb = {
  usage: "approve ID [keep] [reason]",
  does: "let what was asked for run; `keep`: without its lease, where the approval offers that",
  async answer(deps, { who, args: [id, ...words] }) {
    const keep = words[0] === "keep";
    const reason = reasonOf(keep ? words.slice(1) : words);
    const approval = await approvalId(deps.desk, id);
    return decide(deps, who, { verb: "approve", approval, ...(keep && { keep }), ...reason });
  },
};

const reject: Verb = {
  usage: "reject ID [reason]",
  does: "refuse it",
  async answer(deps, { who, args: [id, ...reason] }) {
    return decide(deps, who, { verb: "reject", approval: await approvalId(deps.desk, id), ...reasonOf(reason) });
  },
};

const answerVerb: Verb = {
  usage: "answer ID done|not-done|abort [reason]",
  does: "say whether a step whose outcome is unknown took effect",
  async answer(deps, { who, args: [id, answer, ...reason] }) {
    const run = await runId(deps.desk, id);
    if (answer !== "done" && answer !== "not-done" && answer !== "abort") {
      throw new AppError("invalid_request", `answer ${run} with done, not-done or abort`);
    }
    return decide(deps, who, { verb: "answer", run, answer, ...reasonOf(reason) });
  },
};

const cancel: Verb = {
  usage: "cancel ID [reason]",
  does: "stop a run; what it has done stays",
  async answer(deps, { who, args: [id, ...reason] }) {
    return decide(deps, who, { verb: "cancel", run: await runId(deps.desk, id), ...reasonOf(reason) });
  },
};

const extend: Verb = {
  usage: "extend ID 30m",
  does: "keep a temporary change for longer",
  async answer(deps, { who, args: [id, length, seen] }) {
    const lease = await leaseId(deps.desk, id);
    if (length === undefined)
      throw new AppError("invalid_request", `extend ${lease} by how much? e.g. extend ${lease} 30m`);
    return decide(deps, who, { verb: "extend", lease, for: parseDuration(length), ...extensionsOf(seen) });
  },
};

/** What the button carries besides what is typed: of two clicks on one message the second has not seen the first's end. */
export function seenExtensions({ extendedBy = [] }: Pick<Lease, "extendedBy">): string {
  return `extended=${extendedBy.length}`;
}

function extensionsOf(word: string | undefined): { extensions?: number } {
  const [, count] = /^extended=(\d+)$/.exec(word ?? "") ?? [];
  return count === undefined ? {} : { extensions: Number(count) };
}

const revert: Verb = {
  usage: "revert ID [reason]",
  does: "undo a temporary change now",
  async answer(deps, { who, args: [id, ...reason] }) {
    return decide(deps, who, { verb: "revert", lease: await leaseId(deps.desk, id), ...reasonOf(reason) });
  },
};

const done: Verb = {
  usage: "done ID [answer]",
  does: "say that you have done what you were asked to do",
  async answer(deps, { who, args: [id, ...words] }) {
    const { reason: answer } = reasonOf(words);
    const task = await taskId(deps.desk, id);
    return decide(deps, who, { verb: "complete", task, ...(answer !== undefined && { answer }) });
  },
};

const pause: Verb = {
  usage: "pause [global|playbook:NAME|target:T|incident:ID] [for] [reason]",
  does: "change nothing any more until resumed, everywhere or in one scope",
  async answer(deps, { who, args }) {
    const [scope, rest] = isScope(args[0]) ? [args[0], args.slice(1)] : ["global", args];
    assertNoScope(rest);
    const length = durationOf(rest[0]);
    const reason = reasonOf(length === undefined ? rest : rest.slice(1));
    return decide(deps, who, { verb: "pause", scope, ...reason, ...(length !== undefined && { for: length }) });
  },
};

const resume: Verb = {
  usage: "resume [scope]",
  does: "end a pause",
  async answer(deps, { who, args: [typed] }) {
    const all = (await deps.desk.pauses()).map(({ scope }) => scope);
    const pauses = all.filter((scope) => takenIncident(scope) === undefined);
    const [only] = pauses;
    if (typed !== undefined) return decide(deps, who, { verb: "resume", scope: typed });
    if (pauses.length > 1)
      throw new AppError("invalid_request", `several scopes are paused, name one: ${pauses.join(", ")}`);
    return decide(deps, who, { verb: "resume", scope: only ?? "global" });
  },
};

/** The verbs that change something; each ends at the desk's one door. */
export const DECIDE_VERBS: Readonly<Record<string, Verb>> = {
  approve,
  reject,
  answer: answerVerb,
  done,
  cancel,
  ack: incidentVerb("ack", "say that you have seen it; it calls nobody else for a while"),
  take: incidentVerb("take", "take it over: stanch changes nothing there until release"),
  release: incidentVerb("release", "give it back to stanch"),
  close,
  extend,
  revert,
  pause,
  resume,
};

function reasonOf(words: readonly string[]): { reason?: string } {
  const reason = words.join(" ").trim();
  return reason === "" ? {} : { reason };
}

function isScope(word: string | undefined): word is string {
  return word !== undefined && /^(global$|(playbook|target|incident):.)/.test(word);
}

/**
 * A reason has no length of time behind its first word, begins with no kind of scope, and names no incident there: somebody meant a scope,
 * and not everything.
 */
function assertNoScope([first = "", second = ""]: readonly string[]): void {
  const isIncident = INCIDENT.test(first);
  const isKind = /^(playbook|target|incident):/i.test(first) || (/^incident$/i.test(first) && INCIDENT.test(second));
  if (!isIncident && !isKind && (durationOf(first) !== undefined || durationOf(second) === undefined)) return;
  const meant = isIncident ? `incident:${first}` : "global, playbook:NAME, target:KEY or incident:ID";
  throw new AppError(
    "invalid_request",
    `${plain(first, 60)} is no scope; ${isIncident ? "write" : "they are"} ${meant}`,
  );
}

const INCIDENT = /^inc-\d+$/;

/** A word that begins like a length of time must be one; anything else begins the reason. */
function durationOf(word: string | undefined): Milliseconds | undefined {
  return word !== undefined && /^\d+[a-z]/.test(word) ? parseDuration(word) : undefined;
}
