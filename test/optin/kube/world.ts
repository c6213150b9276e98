import assert from "node:assert/strict";
import type { ActionContext, ActionResult, AnyAction, Output } from "../../../src/core/action.ts";
import { type connectionsOf, contextOf, outputOf, perform } from "../../actions/support.ts";
import type { Cluster } from "./cluster.ts";
import { DEPLOYMENTS, ROUTER, rollOut } from "./objects.ts";

/** The cluster with a connection for each action, which may do what the documents grant that action and no more. */
export type World = Cluster & { connections: ReturnType<typeof connectionsOf> };
/** There once the tests run. */
export type Worldly = () => World;

let steps = 0;

/** A context with a step key of its own. */
export function newContext({ connections }: World, over: Partial<ActionContext> = {}): ActionContext {
  return contextOf(connections, { stepKey: `run-1/step-${++steps}`, ...over });
}

/** A context in which somebody else changes the object at `path` between our reading and our first `times` writes. */
export function contested(world: World, path: string, patches: readonly object[]): ActionContext {
  const left = [...patches];
  return newContext(world, {
    fence() {
      const patch = left.shift();
      if (patch) world.patchNow(path, patch);
    },
  });
}

/** The handle of what has started and cannot be done before the controller has done its part. */
export async function begin(action: AnyAction, input: Output, ctx: ActionContext): Promise<Output> {
  const result = await perform(action, input, ctx);
  assert.ok(result.ok && !result.done, JSON.stringify(result));
  const waiting = await poll(action, result.handle, ctx);
  assert.ok(waiting.ok && !waiting.done, `nothing has been rolled out yet: ${JSON.stringify(waiting)}`);
  return waiting.handle;
}

/** Asks how far it is, with the handle as the journal keeps it. */
export async function poll(action: AnyAction, handle: Output, ctx: ActionContext): Promise<ActionResult> {
  const result = await action.poll?.(JSON.parse(JSON.stringify(handle)), ctx);
  assert.ok(result);
  return result;
}

/** Runs to the end, with the controller's part. */
export async function finish(world: World, action: AnyAction, input: Output, ctx = newContext(world)): Promise<Output> {
  const handle = await begin(action, input, ctx);
  await rollOut(world.admin, ROUTER);
  return outputOf(await poll(action, handle, ctx));
}

/** What `reconcile` says after a crash, from what was prepared: `done` with a failure tells its reason. */
export async function verdict(action: AnyAction, input: Output, ctx: ActionContext, before: Output): Promise<string> {
  const read = await action.reconcile?.(input, ctx, { at: ctx.now, attempt: 1, before });
  assert.ok(read);
  if (read.verdict !== "done") return read.verdict;
  return read.result.ok ? "done" : read.result.reason;
}

/** What `prepare` records before the intent. */
export async function prepared(action: AnyAction, input: Output, ctx: ActionContext): Promise<Output> {
  const result = await action.prepare?.(input, ctx);
  assert.ok(result?.ok, JSON.stringify(result));
  return result.before;
}

/** The undoing step of a finished one, as the engine would run it. */
export function undoOf(action: AnyAction, input: Output, output: Output): Output {
  const undo = action.revert?.(input, JSON.parse(JSON.stringify(output)));
  assert.equal(undo?.uses, action.name);
  return undo?.with ?? {};
}

export const ROUTER_PATH = `${DEPLOYMENTS}/${ROUTER}`;
