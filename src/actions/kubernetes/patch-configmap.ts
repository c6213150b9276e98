import { z } from "zod";
import type { ActionContext, ActionFailure, ActionResult, Intent } from "../../core/action.ts";
import { define } from "../define.ts";
import { failure } from "../failure.ts";
import { replaced } from "../poll.ts";
import { type ConfigText, readConfigText, writeConfigText } from "./config-map.ts";
import { DeploymentInput, kubeTarget, placeOf } from "./deployment.ts";
import { type Edited, editYaml, isSame, readYaml, show, YamlChange, YamlPath } from "./yaml-edit.ts";

const Input = DeploymentInput.extend({
  /** The key of `data` whose value is YAML text. */
  key: z
    .string()
    .max(253)
    .regex(/^[-._a-zA-Z0-9]+$/, "not a key of a ConfigMap"),
  changes: z.array(YamlChange).min(1).max(20),
});
type Input = z.infer<typeof Input>;

const Output = z.object({
  changed: z.boolean(),
  /** Each path with its value before and after; null where there is none. */
  values: z.array(z.object({ path: YamlPath, former: z.json(), value: z.json() })),
});
type Output = z.infer<typeof Output>;

const Before = z.object({ former: z.array(z.json()) });

/** What a revert needs has to fit into the journal. */
const VALUES_BYTES = 6 * 1024;

/**
 * `k8s.patch-configmap`: changes values inside the YAML text of one key: parse, merge, serialise, patch with `resourceVersion`. The pods see
 * it after a restart, or after a minute where it is mounted as a volume. The revert restores each value that is still the one that was set.
 */
export const k8sPatchConfigmap = define<Input, Output>({
  name: "k8s.patch-configmap",
  connection: "kubernetes",
  effect: "reversible",
  input: Input,
  output: Output,
  conditional: true,
  targets: (input, connections) => [kubeTarget(placeOf(input, connections), "configmap")],
  describe: (input) => `in configmap ${input.name}, ${input.key}: ${input.changes.map(changeText).join("; ")}`,
  async prepare(input, ctx) {
    const ready = await edit(input, ctx);
    return ready.ok ? { ok: true, before: { former: ready.edited.former } } : ready;
  },
  async run(input, ctx, recorded) {
    const ready = await edit(input, ctx);
    if (!ready.ok) return ready;
    const { config, edited } = ready;
    const known = Before.safeParse(recorded);
    const former = known.success ? known.data.former : edited.former;
    if (isWanted(input, edited.former)) return done(input, former);
    if (!isSame(former, edited.former))
      return failure("conflict", `${actOf(input)}: a value changed since it was read; somebody else is at work`, {
        sent: "refused",
      });
    const place = placeOf(input, ctx.connections);
    const wanted = { act: actOf(input), key: input.key, config: { ...config, text: edited.text } };
    const written = await writeConfigText(place, ctx, wanted);
    return written.ok ? done(input, former) : written;
  },
  reconcile,
  assume(input, recorded) {
    const before = Before.safeParse(recorded);
    return outputOf(input, before.success ? before.data.former : input.changes.map(({ value }) => value));
  },
  /** What was set is taken from the input: an output has lost what looks like a credential. */
  revert: (input, { changed, values }) =>
    changed
      ? {
          uses: "k8s.patch-configmap",
          with: {
            ...(input.connection !== undefined && { connection: input.connection }),
            ...(input.namespace !== undefined && { namespace: input.namespace }),
            name: input.name,
            key: input.key,
            changes: values
              .map(({ path, former }, index) => {
                const expected = input.changes[index]?.value ?? null;
                return { path, value: former, expected, create: true };
              })
              .reverse(),
          },
        }
      : undefined,
});

async function edit(
  input: Input,
  ctx: ActionContext,
): Promise<{ ok: true; config: ConfigText; edited: Edited } | ActionFailure> {
  const read = await readConfigText(placeOf(input, ctx.connections), input.key, ctx);
  if (!read.ok) return read;
  const edited = editYaml(read.config.text, input.changes);
  if (!edited.ok)
    return failure(edited.conflict ? "conflict" : "refused", `${actOf(input)}: ${edited.fault}`, {
      sent: edited.conflict ? "refused" : "no",
    });
  if (Buffer.byteLength(JSON.stringify([edited.former, input.changes])) > VALUES_BYTES)
    return failure("refused", `${actOf(input)}: the values are too large to be restored; change smaller parts`);
  return { ok: true, config: read.config, edited };
}

function isWanted({ changes }: Input, values: readonly unknown[]): boolean {
  return changes.every(({ value }, index) => isSame(value, values[index]));
}

type Former = readonly Output["values"][number]["former"][];

function done(input: Input, former: Former): ActionResult<Output> {
  return { ok: true, done: true, output: outputOf(input, former) };
}

function outputOf({ changes }: Input, former: Former): Output {
  const values = changes.map(({ path, value }, index) => ({ path, former: former[index] ?? null, value }));
  return { changed: values.some((one) => !isSame(one.former, one.value)), values };
}

async function reconcile(input: Input, ctx: ActionContext, intent: Intent) {
  const before = Before.safeParse(intent.before);
  if (!before.success) return { verdict: "unknown" as const, detail: "the values before are not recorded" };
  const read = await readConfigText(placeOf(input, ctx.connections), input.key, ctx);
  if (!read.ok) return { verdict: "unknown" as const, detail: read.message };
  const present = readYaml(
    read.config.text,
    input.changes.map(({ path }) => path),
  );
  if (!present.ok) return { verdict: "unknown" as const, detail: present.fault };
  if (isWanted(input, present.values)) return { verdict: "done" as const, result: done(input, before.data.former) };
  if (read.config.mark === ctx.stepKey) return replaced(actOf(input), present.values.map(show).join(", "));
  return isSame(present.values, before.data.former)
    ? { verdict: "not-done" as const, detail: "its values are as before" }
    : { verdict: "unknown" as const, detail: "its values are neither as before nor as wanted" };
}

function changeText({ path, value }: YamlChange): string {
  return value === null ? `remove ${path.join(".")}` : `${path.join(".")} = ${JSON.stringify(value)}`;
}

function actOf({ name, key }: Input): string {
  return `changing ${key} of configmap ${name}`;
}
