import type { Actor, Decided, Decision } from "../../core/decision.ts";
import { AppError } from "../../core/errors.ts";
import type { Store } from "../../core/store.ts";
import { type DecideDeps, refuse } from "./deps.ts";
import { decideIncident } from "./incident-decisions.ts";
import { extend, revert } from "./lease-decisions.ts";
import { known, roleRefusal } from "./permission.ts";
import { answer, cancel } from "./run-decisions.ts";
import { type StartDeps, startByHand } from "./start.ts";
import { pause, resume } from "./switch-decisions.ts";
import { complete, resetDemotion } from "./tasks.ts";
import { vote } from "./vote.ts";

/** The one door: every decision of every surface, with one permission check. It answers a sentence and never throws for people's mistakes. */
export async function decide(deps: DecideDeps & StartDeps, actor: Actor, decision: Decision): Promise<Decided> {
  const refusal = roleRefusal(actor, decision);
  if (refusal !== undefined) return refuse("forbidden", refusal);
  let isAsked = false;
  const commit: Store["commit"] = async (tx) => {
    isAsked = true;
    return deps.store.commit(tx).catch((error: unknown) => {
      if (error instanceof AppError && error.refused) isAsked = false;
      throw error;
    });
  };
  try {
    return await dispatch({ ...deps, store: { ...deps.store, commit } }, known(deps.config, actor), decision);
  } catch (error) {
    if (error instanceof AppError && error.code === "unavailable")
      return refuse("unavailable", `${error.message}; ${isAsked ? UNSURE : "nothing was decided, try again"}`);
    throw error;
  }
}

/** A store that does not answer may have taken it all the same; one that refuses, as it is full, has not. */
const UNSURE = "whether this was decided is not known: look before you try again";

function dispatch(deps: DecideDeps & StartDeps, actor: Actor, decision: Decision): Promise<Decided> {
  switch (decision.verb) {
    case "approve":
    case "reject":
      return vote(deps, actor, decision);
    case "answer":
      return answer(deps, actor, decision);
    case "cancel":
      return cancel(deps, actor, decision);
    case "extend":
      return extend(deps, actor, decision);
    case "revert":
      return revert(deps, actor, decision);
    case "ack":
    case "take":
    case "release":
    case "close":
      return decideIncident(deps, actor, decision);
    case "complete":
      return complete(deps, actor, decision);
    case "reset":
      return resetDemotion(deps, actor, decision);
    case "pause":
      return pause(deps, actor, decision);
    case "resume":
      return resume(deps, actor, decision);
    case "run":
      return startByHand(deps, actor, decision);
    default:
      return decision satisfies never;
  }
}
