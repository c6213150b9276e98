import { AppError, codeOf } from "../../core/errors.ts";
import type { Playbook } from "../../core/playbook/playbook.ts";
import type { RunCreated, RunEvent } from "../../core/run/events.ts";
import type { InboxItem } from "../../core/run/inbox.ts";
import type { Move } from "../../core/run/move.ts";
import { nextMove } from "../../core/run/next-move.ts";
import { foldRun, type Run } from "../../core/run/run.ts";
import type { Claim, LoadedRun } from "../../core/store.ts";
import { abandonSteps } from "./abandon.ts";
import { admittedAtOnce } from "./admit-step.ts";
import type { RunDeps } from "./deps.ts";
import { executeSteps } from "./execute-step.ts";
import { finishRun } from "./finish.ts";
import { lostPlaybook } from "./lost-playbook.ts";
import { measureFacts } from "./measure.ts";
import { idleUnlessOutlived } from "./outlived.ts";
import { pollStep } from "./poll.ts";
import { letGo, type Progress, type Soon } from "./progress.ts";
import { reconcileStep } from "./reconcile.ts";
import { endIfReopened, wakeAt } from "./restoring.ts";
import { saveOutcome } from "./save-outcome.ts";
import { sealRun } from "./seal.ts";
import { claimLeft, nowOf, type Turn, withEvents } from "./turn.ts";
import { runChecks } from "./verify.ts";
import { withdrawAsked } from "./withdraw.ts";

/** A mutating call may take 30 s of a claim of 60 s; a step is begun only with that much of the claim left. */
const STEP_NEEDS = 35 / 60;

/**
 * Advances a run until it has to wait or has ended: load, decide by `nextMove`, do that one thing, record it. A wake-up for a
 * run that another worker holds, or that has nothing to do, changes nothing.
 * @throws AppError "unavailable" when the store cannot be reached; the sweeper wakes the run again.
 */
export async function advance(
  deps: RunDeps,
  runId: string,
  signal: AbortSignal,
  draining?: AbortSignal,
): Promise<void> {
  const started = deps.monotonic();
  // One connection keeps the order, so the load sees what the claim fences; without a claim it is not looked at.
  const [claim, loaded] = await Promise.all([deps.store.claim(runId, deps.claimFor), deps.store.loadRun(runId)]);
  if (claim) await advanceClaimed(deps, { claim, loaded, started, signal }, draining);
}

/** A run that was claimed by the commit which created it; `started` is the monotonic time before that commit. */
export type NewRun = { claim: Claim; created: RunCreated; started: number };

/** The same for a run that this process has just created. @throws AppError "unavailable" as `advance` does. */
export async function advanceNew(
  deps: RunDeps,
  { claim, created, started }: NewRun,
  signal: AbortSignal,
  draining?: AbortSignal,
): Promise<void> {
  const loaded: LoadedRun = { events: [created], inbox: [], now: claim.now };
  await advanceClaimed(deps, { claim, loaded, started, signal }, draining);
}

async function advanceClaimed(deps: RunDeps, opening: Opening, draining?: AbortSignal): Promise<void> {
  const { claim, started, signal } = opening;
  const runId = claim.run;
  let turn: Turn | undefined = await openTurn(deps, opening);
  while (turn) {
    if (draining?.aborted) return void (await handOver(turn));
    const progress: Progress = await oneMove(turn);
    if (progress.kind === "stop") return;
    turn =
      progress.kind === "reload"
        ? await openTurn(deps, { claim, loaded: await deps.store.loadRun(runId), started, signal })
        : progress.turn;
  }
}

type Opening = { claim: Claim; loaded: LoadedRun; started: number; signal: AbortSignal };

async function openTurn(deps: RunDeps, { claim, loaded, started, signal }: Opening): Promise<Turn | undefined> {
  if (loaded.events.length === 0) return void (await sealRun(deps, claim, []));
  const run = foldRun(loaded.events as readonly RunEvent[]);
  if (run.ended) return void (await sealRun(deps, claim, loaded.events));
  const playbook = await playbookFor(deps, run);
  const deadline = started + deps.claimFor;
  return {
    deps,
    claim,
    deadline,
    run,
    playbook,
    inbox: (loaded.inbox as readonly InboxItem[]).slice(run.inboxTaken),
    unsaved: [],
    lines: [],
    signal,
    storedAt: loaded.now,
  };
}

/** A run whose playbook cannot be read any more has no step left: it ends as failed, or asks about the call it had begun. */
async function playbookFor(deps: RunDeps, run: Run): Promise<Playbook> {
  try {
    return await deps.playbookOf(run);
  } catch (error) {
    if (!(error instanceof AppError) || error.code === "unavailable") throw error;
    deps.log.error({ err: error, run: run.created.id }, "the playbook of a run cannot be read");
    return lostPlaybook(deps.store, run, error);
  }
}

function oneMove(turn: Turn): Soon<Progress> {
  if (turn.signal.aborted || claimLeft(turn) < STEP_NEEDS * turn.deps.claimFor) return handOver(turn);
  const { run, playbook, deps, claim } = turn;
  const inputs = {
    now: nowOf(turn),
    epoch: claim.epoch,
    inbox: turn.inbox,
    actions: deps.actions,
    connections: deps.connections,
  };
  const move = nextMove(run, playbook, inputs);
  if (!turn.holdsOutcome) return perform(turn, move);
  const joined = joiningOutcome(turn, move);
  return joined ? performHolding(joined, move) : saveAndPerform(turn, move);
}

async function saveAndPerform(turn: Turn, move: Move): Promise<Progress> {
  const saved = await saveOutcome(turn, {});
  return saved.kind === "go-on" ? perform(saved.turn, move) : saved;
}

/** Lets go of a run that has more to do, for the next claim; the outcome of a call is stored first, as it must not be lost. */
async function handOver(turn: Turn): Promise<Progress> {
  const saved: Progress = turn.holdsOutcome ? await saveOutcome(turn, {}) : { kind: "go-on", turn };
  return saved.kind === "go-on" ? letGo(saved.turn, nowOf(saved.turn)) : { kind: "stop" };
}

/** A store that goes away while an outcome waits for the next commit must not cost the outcome: it is stored alone then. */
function performHolding(turn: Turn, move: Move): Soon<Progress> {
  const progress = perform(turn, move);
  return progress instanceof Promise ? progress.catch((error: unknown) => keepOutcome(turn, error)) : progress;
}

async function keepOutcome(turn: Turn, error: unknown): Promise<Progress> {
  if (codeOf(error) !== "unavailable") throw error;
  await saveOutcome(turn, {});
  return { kind: "reload" };
}

/** The turn for a move whose own commit comes without any I/O before it: then an outcome goes with it (section 13, one script). */
function joiningOutcome(turn: Turn, move: Move): Turn | undefined {
  if (move.kind === "record") return turn;
  if (move.kind === "finish") {
    const reads = turn.run.asked !== undefined || turn.playbook.verify !== undefined || turn.run.rounds.size > 0;
    return reads ? undefined : turn;
  }
  const [ready] = move.kind === "execute" ? move.steps : [];
  if (!ready || ready.effect === "read" || turn.deps.actions.get(ready.uses)?.prepare) return undefined;
  return admittedAtOnce(turn, ready);
}

function perform(turn: Turn, move: Move): Soon<Progress> {
  switch (move.kind) {
    case "record":
      return { kind: "go-on", turn: { ...withEvents(turn, move.events), inbox: [] } };
    case "measure":
      return measureFacts(turn, move.facts);
    case "execute":
      return executeSteps(turn, move.steps);
    case "poll":
      return pollStep(turn, move);
    case "abandon":
      return abandonSteps(turn, move);
    case "reconcile":
      return reconcileStep(turn, move);
    case "check":
      return checkUnlessReopened(turn, move);
    case "wait":
      return waitFor(turn, move);
    case "withdraw":
      return withdrawAsked(turn);
    case "idle":
      return turn.run.asked ? idleUnlessOutlived(turn) : letGo(turn, undefined);
    case "finish":
      return finishRun(turn, move);
    default:
      throw new AppError("internal", `no way to perform ${JSON.stringify(move satisfies never)}`);
  }
}

async function checkUnlessReopened(turn: Turn, move: Extract<Move, { kind: "check" }>): Promise<Progress> {
  return (await endIfReopened(turn, move)) ?? runChecks(turn, move);
}

/** Journals the wait once; coming back to the same wait only makes the next wake-up due. */
async function waitFor(turn: Turn, move: Extract<Move, { kind: "wait" }>): Promise<Progress> {
  const { kind: _, until, ...rest } = move;
  const known = isSameWait(turn.run, move);
  const next = known ? turn : withEvents(turn, [{ type: "waiting", at: nowOf(turn), until, ...rest }]);
  return (await endIfReopened(turn, move)) ?? letGo(next, wakeAt(turn, until));
}

function isSameWait(run: Run, move: Extract<Move, { kind: "wait" }>): boolean {
  if (move.reason === "rollout" || move.reason === "retry" || move.reason === "round" || move.reason === "verify")
    return true;
  return run.waiting?.reason === move.reason && run.waiting.path === move.path;
}
