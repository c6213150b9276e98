import { z } from "zod";
import type { ActionContext, ActionResult, Intent, Output } from "../../core/action.ts";
import { define } from "../define.ts";
import { failure } from "../failure.ts";
import { SettingValue } from "../inputs.ts";
import { replaced } from "../poll.ts";
import { actOf, Change, Changed, change, done, effective, outputOf, readForChange, show } from "./change.ts";
import { pollSetting, readSetting, settingOf } from "./store.ts";
import { settingsTarget } from "./target.ts";
import { settingFaults } from "./written.ts";

const Before = z.object({ value: SettingValue });

const Handle = z.object({
  name: z.string(),
  value: SettingValue,
  former: SettingValue,
  rollout: z.object({ of: z.enum(["kubernetes", "ecs"]), handle: z.record(z.string(), z.unknown()) }),
});

/** How often a write that lost against a change of something beside the setting is built anew. */
const ATTEMPTS = 3;

/**
 * `settings.set`: writes one listed setting within its type and range. The former value is read first; the revert restores it,
 * but only if the present value is still the one that was set: a lease never undoes what someone else has changed since. Where
 * processes have to be replaced for it, it is done when they are.
 */
export const settingsSet = define<Change, Changed>({
  name: "settings.set",
  connection: "settings",
  faults: settingFaults,
  effect: "reversible",
  input: Change,
  output: Changed,
  /** Where a write has no precondition `reconcile` never says `not-done`, so only those that have one are repeated. */
  conditional: true,
  targets: ({ connection }, connections) => [settingsTarget(connections.find("settings", connection), connections)],
  describe: ({ name, value, expected, connection = "the settings connection" }) =>
    expected === undefined
      ? `${setTo(name, value)} (${connection})`
      : `${setTo(name, value)}, if it is still ${show(expected)} (${connection})`,
  async prepare(input, ctx) {
    const ready = await readForChange(input, ctx);
    return ready.ok ? { ok: true, before: { value: ready.reading.value } } : ready;
  },
  async run(input, ctx, before) {
    const former = Before.safeParse(before).data?.value;
    let result = await change(input, ctx, former);
    for (let attempt = 1; attempt < ATTEMPTS && isStale(result); attempt++) result = await change(input, ctx, former);
    return result;
  },
  poll,
  reconcile,
  assume(input, before) {
    const known = Before.safeParse(before);
    return outputOf(input, known.success ? known.data.value : input.value);
  },
  /** What was set is taken from the input: an output has lost what looks like a credential. */
  revert: (input, { changed, former }) =>
    changed
      ? {
          uses: "settings.set",
          with: {
            ...(input.connection !== undefined && { connection: input.connection }),
            name: input.name,
            value: former,
            expected: input.value,
          },
        }
      : undefined,
});

function isStale(result: ActionResult): boolean {
  return !result.ok && result.reason === "conflict" && result.retryable;
}

async function poll(raw: Output, ctx: ActionContext): Promise<ActionResult<Changed>> {
  const parsed = Handle.safeParse(raw);
  if (!parsed.success) return failure("internal", "the handle of the rollout cannot be read", { sent: "unknown" });
  const { former, rollout, ...wanted } = parsed.data;
  const result = await pollSetting(rollout, ctx);
  if (!result.ok) return result;
  if (result.done) return done(wanted, former);
  return { ...result, handle: { ...parsed.data, rollout: { ...rollout, handle: result.handle } } };
}

async function reconcile(input: Change, ctx: ActionContext, intent: Intent) {
  const before = Before.safeParse(intent.before);
  const setting = settingOf(ctx, input.name, input.connection);
  if ("ok" in setting) return unknown(setting.message);
  const read = await readSetting(setting, `reading ${input.name} of ${setting.connection.name}`, ctx);
  if (!read.ok) return unknown(read.message);
  const { value, conditional, mark, rollout } = read.reading;
  if (!before.success) return unknown(`it is ${show(value)}; what it was before is not known`);
  const former = before.data.value;
  if (value === input.value) return { verdict: "done" as const, result: effective(input, former, rollout) };
  if (mark === ctx.stepKey) return replaced(actOf(input, setting), show(value));
  if (value !== former)
    return unknown(`it is ${show(value)}, neither the former ${show(former)} nor ${show(input.value)}`);
  if (!conditional)
    return unknown(`it is still ${show(former)}, but no precondition keeps a late request from changing it`);
  return { verdict: "not-done" as const, detail: `it is still ${show(former)}` };
}

function unknown(detail: string) {
  return { verdict: "unknown" as const, detail };
}

function setTo(name: string, value: SettingValue): string {
  return value === null ? `remove ${name}` : `set ${name} to ${show(value)}`;
}
