import assert from "node:assert/strict";
import { test } from "node:test";
import { actions } from "../../src/actions/index.ts";
import {
  type ActionContext,
  type ActionResult,
  type AnyAction,
  ClaimLost,
  type Output,
} from "../../src/core/action.ts";
import type { Connections } from "../../src/core/connection.ts";
import type { Fault, FaultOptions } from "../stubs/server.ts";
import { complete, contextOf, perform, SECRET } from "./support.ts";

/** One way to use an action, against a target that can be broken and whose effects are counted. */
export type Case = {
  action: string;
  /** Tells cases of one action apart. */
  title?: string;
  input: Output;
  connections: Connections;
  /** The same connections where nothing listens. */
  nowhere: Connections;
  /** Puts the target back as it was. */
  reset(): Promise<void> | void;
  /** How often the target was changed since `reset`. */
  effects(): Promise<number> | number;
  /** What `revert` must bring back. */
  state?(): Promise<unknown> | unknown;
  fail(fault: Fault, options?: FaultOptions): void;
  /** Requests that change something; undefined for reads. */
  mutates?: RegExp;
  /** Faults that are no failure for this action, with the reason. */
  harmless?: Partial<Record<Fault["kind"], string>>;
  /** A read that tells people something: it counts once and names no target. */
  tells?: true;
  /** The target is a Redis: its errors are definite refusals. */
  definite?: true;
};

const OUTPUT_BYTES = 16 * 1024;
const FAULTS: readonly Fault[] = [
  { kind: "hang" },
  { kind: "drop" },
  { kind: "garbage" },
  { kind: "status", status: 500, body: { message: `failed, you sent ${SECRET}` } },
  { kind: "status", status: 429, body: { message: "slow down" } },
];

/** Runs the suite that every action must pass on one case. */
export function conform(name: string, make: () => Case): void {
  const suite = { action: () => actionOf(make().action), make };
  test(`${name}: is well formed`, () => wellFormed(suite.action(), make()));
  test(`${name}: succeeds with an output that fits its schema and the journal`, () => succeeds(suite.action(), make()));
  test(`${name}: a dry run changes nothing`, () => dryRun(suite.action(), make()));
  test(`${name}: an unreachable target is a failure that was not sent`, () => unreachable(suite.action(), make()));
  for (const fault of FAULTS)
    test(`${name}: ${fault.kind}${"status" in fault ? ` ${fault.status}` : ""} is a failure value`, () =>
      faulty(suite.action(), make(), fault));
  test(`${name}: 50 MB from the target stay small`, () => huge(suite.action(), make()));
  test(`${name}: a removed connection is a failure value`, () => removed(suite.action(), make()));
  test(`${name}: nothing is sent past the fence`, () => fenced(suite.action(), make()));
  test(`${name}: after a crash the target tells, and nothing happens twice`, () => crashed(suite.action(), make()));
  test(`${name}: its revert brings the former state back`, () => reverts(suite.action(), make()));
}

function actionOf(name: string): AnyAction {
  const action = actions.get(name);
  assert.ok(action, `${name} is not registered`);
  return action;
}

function isMutating(action: AnyAction, input: Output): boolean {
  return (typeof action.effect === "function" ? action.effect(input) : action.effect) !== "read";
}

function wellFormed(action: AnyAction, { input, connections, mutates }: Case): void {
  assert.match(action.name, /^[a-z0-9-]+\.[a-z0-9-]+$/);
  assert.ok(action.describe(input).length > 5);
  assert.ok(action.input.safeParse(input).success);
  assert.equal(action.input.safeParse({ ...input, surprise: 1 }).success, false, "an unknown key is refused");
  const mutating = isMutating(action, input);
  assert.equal(
    action.targets(input, connections).length > 0,
    mutating,
    "a change names its targets, a read names none",
  );
  assert.equal(mutates !== undefined && mutating, mutating, "the case says which requests change something");
  if (mutating) assert.ok(action.reconcile, "a change can be reconciled");
}

function check(action: AnyAction, result: ActionResult): void {
  const text = JSON.stringify(result);
  assert.ok(Buffer.byteLength(text) < OUTPUT_BYTES, `${Buffer.byteLength(text)} bytes`);
  assert.ok(!text.includes(SECRET), "no secret in a result");
  if (result.ok && result.done) assert.ok(action.output.safeParse(result.output).success, "the output fits its schema");
  if (!result.ok) assert.match(result.message, /^[^\n]{10,600}$/);
}

async function succeeds(action: AnyAction, c: Case): Promise<void> {
  await c.reset();
  const context = contextOf(c.connections);
  const result = await complete(action, c.input, context);
  assert.ok(result.ok && result.done, JSON.stringify(result));
  check(action, result);
  const expected = isMutating(action, c.input) || c.tells ? 1 : 0;
  assert.equal(await c.effects(), expected);
  if (isMutating(action, c.input)) assert.ok(context.fences >= 1, "the fence was asked");
}

async function dryRun(action: AnyAction, c: Case): Promise<void> {
  await c.reset();
  const result = await complete(action, c.input, contextOf(c.connections, { dryRun: true, fence: mustNotSend }));
  assert.ok(result.ok && result.done, JSON.stringify(result));
  check(action, result);
  assert.equal(await c.effects(), 0);
}

function mustNotSend(): never {
  throw new Error("a dry run asked to send");
}

async function unreachable(action: AnyAction, c: Case): Promise<void> {
  const result = await perform(action, c.input, contextOf(c.nowhere));
  check(action, result);
  assert.ok(!result.ok);
  assert.equal(result.reason, "unreachable");
  assert.equal(result.sent, "no");
  assert.equal(result.retryable, true);
}

/** The fault strikes the changing request of a change, and every request of a read. */
async function faulty(action: AnyAction, c: Case, fault: Fault): Promise<void> {
  await c.reset();
  const patience = new AbortController();
  const struck = () => void (fault.kind === "hang" && patience.abort(new DOMException("too slow", "TimeoutError")));
  c.fail(fault, c.mutates ? { on: c.mutates, struck } : { struck });
  const result = await perform(action, c.input, contextOf(c.connections, { signal: patience.signal }));
  check(action, result);
  if (c.harmless?.[fault.kind] !== undefined) return;
  assert.ok(!result.ok, JSON.stringify(result));
  const declined = fault.kind === "status" && fault.status === 429;
  const refused = declined || (fault.kind === "status" && c.definite === true);
  assert.equal(result.sent, !isMutating(action, c.input) ? "no" : refused ? "refused" : "unknown");
  if (declined) assert.equal(result.retryable, true);
}

async function huge(action: AnyAction, c: Case): Promise<void> {
  await c.reset();
  c.fail({ kind: "huge" });
  const before = process.memoryUsage().arrayBuffers;
  const result = await perform(action, c.input, contextOf(c.connections));
  check(action, result);
  if (c.definite) return assert.ok(!result.ok, "Redis announces the length, and the answer is refused");
  assert.ok(process.memoryUsage().arrayBuffers - before < 30_000_000, "it was not all read");
}

async function removed(action: AnyAction, c: Case): Promise<void> {
  const result = await perform(action, { ...c.input, connection: "gone" }, contextOf(c.connections));
  assert.ok(!result.ok);
  assert.equal(result.reason, "not_configured");
  assert.equal(result.sent, "no");
}

async function fenced(action: AnyAction, c: Case): Promise<void> {
  if (!isMutating(action, c.input)) return;
  await c.reset();
  const fence = () => {
    throw new ClaimLost("too late");
  };
  const result = await perform(action, c.input, contextOf(c.connections, { fence })).catch((error: unknown) => error);
  assert.ok(result instanceof ClaimLost || isClaimLost(result), String(result));
  assert.equal(await c.effects(), 0);
}

function isClaimLost(result: unknown): boolean {
  return typeof result === "object" && result !== null && "reason" in result && result.reason === "claim_lost";
}

/** The call took effect and its answer was lost, or it never arrived: `reconcile` must not mistake one for the other. */
async function crashed(action: AnyAction, c: Case): Promise<void> {
  if (!c.mutates || !action.reconcile) return;
  for (const kind of ["drop", "drop-after"] as const) {
    await c.reset();
    c.fail({ kind }, { on: c.mutates, times: 1 });
    const context = contextOf(c.connections);
    const before = await prepared(action, c.input, context);
    const at = Date.now();
    const result = await action.run(c.input, context, before);
    assert.ok(!result.ok && result.sent === "unknown", JSON.stringify(result));
    const read = await action.reconcile(c.input, context, { at, attempt: 1, ...(before && { before }) });
    const happened = (await c.effects()) === 1;
    if (read.verdict === "done") assert.ok(happened, "done, but nothing happened");
    if (read.verdict === "not-done" && action.conditional !== true) assert.equal(await c.effects(), 0);
    const isRepeated = read.verdict === "not-done" || read.verdict === "repeatable";
    if (isRepeated && action.conditional === true) await repeat(action, c, context);
    assert.ok((await c.effects()) <= 1, "it happened twice");
  }
}

async function repeat(action: AnyAction, c: Case, context: ActionContext): Promise<void> {
  const result = await complete(action, c.input, context);
  assert.ok(result.ok, JSON.stringify(result));
  assert.equal(await c.effects(), 1);
}

async function prepared(action: AnyAction, input: Output, context: ActionContext): Promise<Output | undefined> {
  const result = await action.prepare?.(input, context);
  if (result && !result.ok) assert.fail(JSON.stringify(result));
  return result?.before;
}

async function reverts(action: AnyAction, c: Case): Promise<void> {
  if (!c.state) return;
  await c.reset();
  const before = await c.state();
  const context = contextOf(c.connections);
  const recorded = await prepared(action, c.input, context);
  const result = await complete(action, c.input, context);
  assert.ok(result.ok && result.done);
  assert.notDeepEqual(await c.state(), before);
  const undo = action.revert?.(c.input, JSON.parse(JSON.stringify(result.output)));
  assert.ok(undo, "there is something to undo");
  if (recorded)
    assert.deepEqual(
      action.revert?.(c.input, action.assume?.(c.input, recorded) ?? {}),
      undo,
      "a person's word is undone alike",
    );
  const undone = await complete(actionOf(undo.uses), undo.with, { ...context, stepKey: "run-1f0c9a2b3d4e/undo/x" });
  assert.ok(undone.ok && undone.done, JSON.stringify(undone));
  assert.deepEqual(await c.state(), before);
}
