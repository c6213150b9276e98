import { z } from "zod";
import type { ActionContext, ActionFailure, ActionResult } from "../../core/action.ts";
import { failure } from "../failure.ts";
import { ConnectionName, SettingValue } from "../inputs.ts";
import { faultOf } from "./rules.ts";
import { type Reading, type Rollout, readSetting, type Setting, settingOf } from "./store.ts";

/** What `settings.set` takes. */
export const Change = z.strictObject({
  connection: ConnectionName,
  name: z.string().min(1).max(200),
  /** null removes the setting: the undo of one that was not set before. */
  value: SettingValue,
  /** Write only if the present value is this one; a revert carries what stanch had set. */
  expected: SettingValue.optional(),
});
export type Change = z.infer<typeof Change>;

/** What a change leaves on the journal. */
export const Changed = z.object({ name: z.string(), value: SettingValue, former: SettingValue, changed: z.boolean() });
export type Changed = z.infer<typeof Changed>;

type Wanted = Pick<Change, "name" | "value">;
type Ready = { ok: true; reading: Reading; act: string };

const FIRST_POLL = 1_000;

/** Everything that must hold before a write; the former value must be one that could be written back. */
export async function readForChange(input: Change, ctx: ActionContext): Promise<Ready | ActionFailure> {
  const setting = settingOf(ctx, input.name, input.connection);
  if ("ok" in setting) return setting;
  const act = actOf(input, setting);
  const fault = faultOf(setting.rule, input.value);
  if (fault !== undefined) return failure("refused", `${act}: ${fault}`);
  const read = await readSetting(setting, act, ctx);
  if (!read.ok) return read;
  if (read.reading.refusal) return read.reading.refusal;
  const present = read.reading.value;
  const unrestorable = input.expected === undefined ? faultOf(setting.rule, present) : undefined;
  if (unrestorable !== undefined)
    return failure(
      "refused",
      `${act}: its present value ${show(present)} could not be restored (${unrestorable}); widen allow`,
    );
  if (input.expected !== undefined && present !== input.expected && present !== input.value)
    return changedSince(act, input.expected, present);
  return { ok: true, reading: read.reading, act };
}

/** Reads and writes once. `recorded` is the value that was found when the intent was journaled. */
export async function change(
  input: Change,
  ctx: ActionContext,
  recorded: SettingValue | undefined,
): Promise<ActionResult<Changed>> {
  const ready = await readForChange(input, ctx);
  if (!ready.ok) return ready;
  const { reading, act } = ready;
  const former = recorded === undefined ? reading.value : recorded;
  if (reading.value === input.value) return effective(input, former, reading.rollout);
  if (reading.value !== former) return changedSince(act, former, reading.value);
  if (ctx.dryRun && reading.rehearses !== true) return done(input, former);
  const written = await reading.write(act, input.value, ctx);
  if (!written.ok) return lostRace(input, ctx, reading, written);
  return ctx.dryRun ? done(input, former) : effective(input, former, written.rollout);
}

/** The value is written: that is all, or it is in force at the end of a rollout. */
export function effective(input: Wanted, former: SettingValue, rollout: Rollout | undefined): ActionResult<Changed> {
  if (rollout === undefined) return done(input, former);
  const { name, value } = input;
  return { ok: true, done: false, handle: { name, value, former, rollout }, pollAfter: FIRST_POLL };
}

/** A change that is in force. */
export function done(input: Wanted, former: SettingValue) {
  return { ok: true as const, done: true as const, output: outputOf(input, former) };
}

/** What a change from `former` leaves on the journal. */
export function outputOf({ name, value }: Wanted, former: SettingValue): Changed {
  return { name, value, former, changed: former !== value };
}

function changedSince(act: string, expected: SettingValue, present: SettingValue): ActionFailure {
  const message = `${act}: it is ${show(present)} now, not ${show(expected)}; somebody changed it since, so decide by hand`;
  return failure("conflict", message, { sent: "refused" });
}

/** After a refused precondition: if the value is the wanted one by now, an earlier request of this step did it. */
async function lostRace(input: Change, ctx: ActionContext, reading: Reading, lost: ActionFailure) {
  if (lost.reason !== "conflict" || lost.retryable) return lost;
  const again = await readForChange(input, ctx);
  return again.ok && again.reading.value === input.value ? done(input, reading.value) : lost;
}

/** Opens every message: `setting SHED_RATE of gateway to 0.1`. */
export function actOf(input: Wanted, { connection }: Setting): string {
  return `setting ${input.name} of ${connection.name} to ${show(input.value)}`;
}

/** A value as messages show it. */
export function show(value: SettingValue): string {
  return value === null ? "unset" : JSON.stringify(value);
}
