import { AppError } from "../../core/errors.ts";
import type { Playbook } from "../../core/playbook/playbook.ts";
import type { RunEvent } from "../../core/run/events.ts";
import type { InboxItem } from "../../core/run/inbox.ts";
import type { Move } from "../../core/run/move.ts";
import { nextMove } from "../../core/run/next-move.ts";
import { foldRun, type Run } from "../../core/run/run.ts";
import type { Claim } from "../../core/store.ts";
import type { RunDeps } from "./deps.ts";
import { executeSteps } from "./execute-step.ts";
import { finishRun } from "./finish.ts";
import { lostPlaybook } from "./lost-playbook.ts";
import { measureFacts } from "./measure.ts";
import { pollStep } from "./poll.ts";
import { letGo, type Progress } from "./progress.ts";
import { reconcileStep } from "./reconcile.ts";
import { claimLeft, nowOf, type Turn, withEvents } from "./turn.ts";
import { runChecks } from "./verify.ts";

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
  const claim = await deps.store.claim(runId, deps.claimFor);
  if (!claim) return;
  let turn: Turn | undefined = await openTurn(deps, claim, started, signal);
  if (!turn) return;
  while (turn) {
    if (draining?.aborted) return void (await letGo(turn, nowOf(turn)));
    const progress: Progress = await oneMove(turn);
    if (progress.kind === "stop") return;
    turn = progress.kind === "reload" ? await openTurn(deps, claim, started, signal) : progress.turn;
  }
}

async function openTurn(deps: RunDeps, claim: Claim, started: number, signal: AbortSignal): Promise<Turn | undefined> {
  const loaded = await deps.store.loadRun(claim.run);
  if (loaded.events.length === 0) {
    await deps.store.commit({
      checks: [],
      writes: [
        { write: "release", run: claim.run, epoch: claim.epoch },
        { write: "undue", member: `run:${claim.run}` },
      ],
    });
    return undefined;
  }
  const run = foldRun(loaded.events as readonly RunEvent[]);
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
  };
}

/** A run whose playbook cannot be read any more has no step left: it ends as failed, or asks about the call it had begun. */
async function playbookFor(deps: RunDeps, run: Run): Promise<Playbook> {
  try {
    return await deps.playbookOf(run);
  } catch (error) {
    if (!(error instanceof AppError) || error.code === "unavailable") throw error;
    deps.log.error({ err: error, run: run.created.id }, "the playbook of a run cannot be read");
    return lostPlaybook(run.created.playbook, error.message);
  }
}

async function oneMove(turn: Turn): Promise<Progress> {
  if (turn.signal.aborted || claimLeft(turn) < STEP_NEEDS * turn.deps.claimFor) return letGo(turn, nowOf(turn));
  const { run, playbook, deps, claim } = turn;
  const inputs = {
    now: nowOf(turn),
    epoch: claim.epoch,
    inbox: turn.inbox,
    actions: deps.actions,
    connections: deps.connections,
  };
  return perform(turn, nextMove(run, playbook, inputs));
}

async function perform(turn: Turn, move: Move): Promise<Progress> {
  switch (move.kind) {
    case "record":
      return { kind: "go-on", turn: { ...withEvents(turn, move.events), inbox: [] } };
    case "measure":
      return measureFacts(turn, move.facts);
    case "execute":
      return executeSteps(turn, move.steps);
    case "poll":
      return pollStep(turn, move);
    case "reconcile":
      return reconcileStep(turn, move);
    case "check":
      return runChecks(turn, move);
    case "wait":
      return waitFor(turn, move);
    case "idle":
      return letGo(turn, undefined);
    case "finish":
      return finishRun(turn, move);
    default:
      throw new AppError("internal", `no way to perform ${JSON.stringify(move satisfies never)}`);
  }
}

/** Journals the wait once; coming back to the same wait only makes the next wake-up due. */
async function waitFor(turn: Turn, move: Extract<Move, { kind: "wait" }>): Promise<Progress> {
  const { kind: _, until, ...rest } = move;
  const known = isSameWait(turn.run, move);
  const next = known ? turn : withEvents(turn, [{ type: "waiting", at: nowOf(turn), until, ...rest }]);
  return letGo(next, until);
}

function isSameWait(run: Run, move: Extract<Move, { kind: "wait" }>): boolean {
  if (move.reason === "rollout" || move.reason === "retry" || move.reason === "round" || move.reason === "verify")
    return true;
  return run.waiting?.reason === move.reason && run.waiting.path === move.path;
}
