import type { Actor, Decided, Decision } from "../../core/decision.ts";
import { formatDuration } from "../../core/duration.ts";
import type { Pause } from "../../core/store.ts";
import { type DecideDeps, nameOf, refuse } from "./deps.ts";

const SCOPE = /^(global|(playbook|target|incident):.+)$/;

/** The kill switch, for everything or for one scope; effective at the next intent of every worker. */
export async function pause(
  deps: DecideDeps,
  actor: Actor,
  decision: Extract<Decision, { verb: "pause" }>,
): Promise<Decided> {
  const { scope } = decision;
  if (!SCOPE.test(scope))
    return refuse("invalid_request", `no scope ${scope}; use global, playbook:NAME, target:TARGET or incident:ID`);
  const at = await deps.store.now();
  const body: Pause = { scope, by: nameOf(actor), reason: decision.reason ?? "", at };
  const limited = decision.for === undefined ? body : { ...body, until: at + decision.for };
  await deps.store.commit({ checks: [], writes: [{ write: "put", kind: "pause", id: scope, body: limited }] });
  const how = decision.for === undefined ? "until somebody resumes" : `for ${formatDuration(decision.for)}`;
  return {
    ok: true,
    sentence: `${scope} is paused ${how}: no further change is started; a call already sent is not interrupted`,
  };
}

/** Lifts a pause; runs that waited for it look again within seconds. */
export async function resume(
  deps: DecideDeps,
  actor: Actor,
  decision: Extract<Decision, { verb: "resume" }>,
): Promise<Decided> {
  const { scope } = decision;
  const known = (await deps.store.pauses()).find((one) => one.scope === scope);
  if (!known) return refuse("not_found", `${scope} is not paused`);
  await deps.store.commit({ checks: [], writes: [{ write: "delete", kind: "pause", id: scope }] });
  return { ok: true, sentence: `${scope} is resumed by ${nameOf(actor)}` };
}
