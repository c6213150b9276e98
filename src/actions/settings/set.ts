import { z } from "zod";
import type { ActionContext, ActionFailure, Intent } from "../../core/action.ts";
import { define } from "../define.ts";
import { failure } from "../failure.ts";
import { ConnectionName, SettingValue } from "../inputs.ts";
import { faultOf } from "./rules.ts";
import { type Reading, readSetting, type Setting, settingOf } from "./store.ts";

const Input = z.strictObject({
  connection: ConnectionName,
  name: z.string().min(1).max(200),
  /** null removes the setting: the undo of one that was not set before. */
  value: SettingValue,
  /** Write only if the present value is this one; a revert carries what stanch had set. */
  expected: SettingValue.optional(),
});
type Input = z.infer<typeof Input>;

const Output = z.object({ name: z.string(), value: SettingValue, former: SettingValue, changed: z.boolean() });
type Output = z.infer<typeof Output>;

const Before = z.object({ value: SettingValue });

/**
 * `settings.set`: writes one listed setting within its type and range. The former value is read first; the revert restores it,
 * but only if the present value is still the one that was set: a lease never undoes what someone else has changed since.
 */
export const settingsSet = define<Input, Output>({
  name: "settings.set",
  effect: "reversible",
  input: Input,
  output: Output,
  /** Without an ETag `reconcile` never says `not-done`, so only writes with a precondition are repeated. */
  conditional: true,
  targets: ({ connection }, connections) => {
    const { identity, name } = connections.find("settings", connection);
    return [`settings:${identity ?? name}`];
  },
  describe: ({ name, value, expected, connection = "the settings connection" }) =>
    expected === undefined
      ? `${setTo(name, value)} (${connection})`
      : `${setTo(name, value)}, if it is still ${show(expected)} (${connection})`,
  async prepare(input, ctx) {
    const ready = await readForChange(input, ctx);
    return ready.ok ? { ok: true, before: { value: ready.reading.value } } : ready;
  },
  async run(input, ctx, before) {
    const ready = await readForChange(input, ctx);
    if (!ready.ok) return ready;
    const { reading, act } = ready;
    const known = Before.safeParse(before);
    if (reading.value === input.value) return done(input, known.success ? known.data.value : reading.value);
    if (known.success && known.data.value !== reading.value) return changedSince(act, known.data.value, reading.value);
    if (ctx.dryRun) return done(input, reading.value);
    const written = await reading.write(act, input.value, ctx);
    return written.ok ? done(input, reading.value) : lostRace(input, ctx, reading, written);
  },
  reconcile: (input, ctx, intent) => reconcile(input, ctx, intent),
  assume(input, before) {
    const known = Before.safeParse(before);
    return outputOf(input, known.success ? known.data.value : input.value);
  },
  revert: (input, { changed, former, value }) =>
    changed
      ? {
          uses: "settings.set",
          with: {
            ...(input.connection !== undefined && { connection: input.connection }),
            name: input.name,
            value: former,
            expected: value,
          },
        }
      : undefined,
});

type Ready = { ok: true; reading: Reading; act: string };

/** Everything that must hold before a write; the former value must be one that could be written back. */
async function readForChange(input: Input, ctx: ActionContext): Promise<Ready | ActionFailure> {
  const setting = settingOf(ctx, input.name, input.connection);
  if ("ok" in setting) return setting;
  const act = actOf(input, setting);
  const fault = faultOf(setting.rule, input.value);
  if (fault !== undefined) return failure("refused", `${act}: ${fault}`);
  const read = await readSetting(setting, act, ctx);
  if (!read.ok) return read;
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

function changedSince(act: string, expected: SettingValue, present: SettingValue): ActionFailure {
  const message = `${act}: it is ${show(present)} now, not ${show(expected)}; somebody changed it since, so decide by hand`;
  return failure("conflict", message, { sent: "refused" });
}

/** After a refused precondition: if the value is the wanted one by now, an earlier request of this step did it. */
async function lostRace(input: Input, ctx: ActionContext, reading: Reading, lost: ActionFailure) {
  if (lost.reason !== "conflict") return lost;
  const again = await readForChange(input, ctx);
  return again.ok && again.reading.value === input.value ? done(input, reading.value) : lost;
}

async function reconcile(input: Input, ctx: ActionContext, intent: Intent) {
  const before = Before.safeParse(intent.before);
  const setting = settingOf(ctx, input.name, input.connection);
  if ("ok" in setting) return unknown(setting.message);
  const read = await readSetting(setting, `reading ${input.name} of ${setting.connection.name}`, ctx);
  if (!read.ok) return unknown(read.message);
  const { value, conditional } = read.reading;
  if (!before.success) return unknown(`it is ${show(value)}; what it was before is not known`);
  const former = before.data.value;
  if (value === input.value) return { verdict: "done" as const, result: done(input, former) };
  if (value !== former)
    return unknown(`it is ${show(value)}, neither the former ${show(former)} nor ${show(input.value)}`);
  if (!conditional)
    return unknown(`it is still ${show(former)}, but without an ETag a late request could still change it`);
  return { verdict: "not-done" as const, detail: `it is still ${show(former)}` };
}

function unknown(detail: string) {
  return { verdict: "unknown" as const, detail };
}

function done(input: Input, former: SettingValue) {
  return { ok: true as const, done: true as const, output: outputOf(input, former) };
}

function outputOf({ name, value }: Input, former: SettingValue): Output {
  return { name, value, former, changed: former !== value };
}

function actOf(input: Input, { connection }: Setting): string {
  return `setting ${input.name} of ${connection.name} to ${show(input.value)}`;
}

function setTo(name: string, value: SettingValue): string {
  return value === null ? `remove ${name}` : `set ${name} to ${show(value)}`;
}

function show(value: SettingValue): string {
  return value === null ? "unset" : JSON.stringify(value);
}
