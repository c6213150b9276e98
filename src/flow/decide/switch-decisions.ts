import type { Actor, Decided, Decision } from "../../core/decision.ts";
import { formatDuration } from "../../core/duration.ts";
import { isInForce, outlasts, pausedText, takenIncident } from "../../core/pause.ts";
import type { Doc, Pause } from "../../core/store.ts";
import { type Instant, plainTime } from "../../core/time.ts";
import { type DecideDeps, nameOf, refuse, settleChange } from "./deps.ts";
import { knownScope } from "./pause-scope.ts";
import { shownPause } from "./pause-shown.ts";
import type { StartDeps } from "./start.ts";

type PauseDecision = Extract<Decision, { verb: "pause" }>;

/**
 * The kill switch, for everything or for one scope; effective at the next intent of every worker. Of several pauses of one scope
 * the one that ends last holds, whoever made it: only resuming shortens a pause.
 */
export async function pause(deps: DecideDeps & StartDeps, actor: Actor, decision: PauseDecision): Promise<Decided> {
  const { scope } = decision;
  if (decision.for !== undefined && decision.for <= 0)
    return refuse("invalid_request", "pause for a time above 0, such as 30m, or without one until somebody resumes");
  const known = await knownScope(deps, scope);
  if ("ok" in known) return known;
  return settleChange(deps, async () => {
    const [doc, at] = await Promise.all([deps.store.get<Pause>("pause", scope), deps.store.now()]);
    const body = pauseOf(actor, decision, at);
    const longer = doc && isInForce(doc.body, at) && !outlasts(body, doc.body) ? doc.body : undefined;
    if (longer) return alreadyPaused(longer, body);
    const how = decision.for === undefined ? "until somebody resumes" : `for ${formatDuration(decision.for)}`;
    const text = `${body.by} paused ${scope} ${how}${body.reason && `: ${body.reason}`}; no further change is started`;
    const shown = await shownPause(deps.store, scope, { at, text, by: body.by });
    return {
      change: {
        checks: [{ check: "rev", kind: "pause", id: scope, rev: revOf(doc) }],
        writes: [{ write: "put", kind: "pause", id: scope, body }, ...shown.writes],
        wake: shown.wake,
      },
      decided: {
        ok: true,
        sentence: `${scope} is paused ${how}: no further change is started; a call already sent is not interrupted${known.note}`,
      },
    };
  });
}

function pauseOf(actor: Actor, decision: PauseDecision, at: Instant): Pause {
  const body: Pause = { scope: decision.scope, by: nameOf(actor), reason: decision.reason ?? "", at };
  return decision.for === undefined ? body : { ...body, until: at + decision.for };
}

function revOf(doc: Doc<object> | undefined): number {
  return doc?.rev ?? 0;
}

function alreadyPaused(held: Pause, asked: Pause): Decided {
  const until = held.until === undefined ? "until somebody resumes" : `until ${plainTime(held.until)}`;
  const kept = outlasts(held, asked)
    ? `, and stays so: a shorter pause does not end a longer one; resume ${held.scope} first to pause it for less`
    : "";
  return { ok: true, sentence: `${pausedText(held)} already, ${until}${kept}` };
}

/** Lifts a pause, not a take; runs that waited for it look again within seconds. */
export async function resume(
  deps: DecideDeps,
  actor: Actor,
  decision: Extract<Decision, { verb: "resume" }>,
): Promise<Decided> {
  const { scope } = decision;
  const pauses = await deps.store.pauses();
  const known = pauses.find((one) => one.scope === scope);
  if (!known) return refuse("not_found", `${scope} is not paused`);
  const taken = takenIncident(scope);
  if (taken !== undefined) return refuse("conflict", `${pausedText(known)}; \`release ${taken}\` gives it back`);
  const by = nameOf(actor);
  const sentence = `${scope} is resumed by ${by}${stillTaken(pauses, scope)}`;
  const at = await deps.store.now();
  const { writes, wake } = await shownPause(deps.store, scope, { at, text: sentence, by });
  await deps.store.commit({ checks: [], writes: [{ write: "delete", kind: "pause", id: scope }, ...writes] });
  for (const member of wake) await deps.queue.wake(member, at);
  return { ok: true, sentence };
}

function stillTaken(pauses: readonly Pause[], scope: string): string {
  const taken = pauses.find((one) => scope === `incident:${takenIncident(one.scope) ?? ""}`);
  return taken ? `; ${pausedText(taken)}, so stanch still changes nothing there until release` : "";
}
