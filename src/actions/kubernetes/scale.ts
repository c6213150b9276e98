import { z } from "zod";
import type { ActionContext, ActionFailure, ActionResult, Intent, Output } from "../../core/action.ts";
import { absoluteCount, boundsText, CountInput, hasCeiling, resolveCount, WantedCount } from "../count.ts";
import { define } from "../define.ts";
import { failure } from "../failure.ts";
import { ended } from "../poll.ts";
import { autoscalerOf } from "./autoscaler.ts";
import { DeploymentInput, DeploymentUid, kubeTarget, madeAnew, placeOf, readDeployment } from "./deployment.ts";
import { rolloutOf } from "./rollout.ts";
import { patchScale, readScale, type Scale } from "./scale-subresource.ts";

const Input = DeploymentInput.extend({ replicas: WantedCount, ...CountInput, uid: DeploymentUid }).refine(
  ({ replicas, max }) => hasCeiling(replicas, max),
  "a step up needs max",
);
type Input = z.infer<typeof Input>;

const Scaled = z.object({ replicas: z.number(), former: z.number(), changed: z.boolean(), uid: DeploymentUid });
type Scaled = z.infer<typeof Scaled>;

/** `generation` counts the changes of the Deployment's spec: while it stands, nothing was scaled. */
const Before = z.object({ from: z.number(), to: z.number(), generation: z.number().optional(), uid: DeploymentUid });
type Before = z.infer<typeof Before>;

const Handle = DeploymentInput.extend({ replicas: z.number(), former: z.number(), uid: DeploymentUid });

const ATTEMPTS = 3;
const FIRST_POLL = 1_000;
const POLL_EVERY = 3_000;

/**
 * `k8s.scale`: replicas of a Deployment, absolute or by a step with a ceiling. A step is resolved once, in `prepare`; the patch carries the
 * resource version it was built on. Refused while a HorizontalPodAutoscaler owns the count, because it would put it back.
 */
export const k8sScale = define<Input, Scaled>({
  name: "k8s.scale",
  connection: "kubernetes",
  effect: "reversible",
  input: Input,
  output: Scaled,
  conditional: true,
  targets: (input, connections) => [kubeTarget(placeOf(input, connections))],
  describe: (input) => `${actOf(input)}${boundsText(input)}`,
  async prepare(input, ctx) {
    const place = placeOf(input, ctx.connections);
    const owner = await autoscalerOf(place, ctx);
    if (!owner.ok) return owner;
    if (owner.name !== undefined)
      return failure(
        "refused",
        `${actOf(input)}: the autoscaler ${owner.name} would undo it; change its minimum instead`,
      );
    const found = await readDeployment(place, ctx);
    if (!found.ok) return found;
    const read = await readScale(place, ctx);
    if (!read.ok) return read;
    const resolved = resolve(input, read.scale);
    if (!resolved.ok) return resolved;
    const { generation, uid } = found.deployment.metadata;
    return madeAnew(actOf(input), input.uid, uid) ?? { ok: true, before: { ...resolved.before, generation, uid } };
  },
  relative: {
    isIn: ({ replicas }) => typeof replicas === "string",
    resolve: (input, recorded) => {
      const before = Before.safeParse(recorded);
      return before.success ? absoluteCount(input, "replicas", before.data) : input;
    },
  },
  async run(input, ctx, recorded) {
    let result = await scale(input, ctx, recorded);
    for (let attempt = 1; attempt < ATTEMPTS && isStale(result); attempt++) result = await scale(input, ctx, recorded);
    return result;
  },
  poll,
  reconcile,
  assume: ({ replicas }, recorded) => {
    const before = Before.safeParse(recorded);
    const known = typeof replicas === "number" ? replicas : 0;
    return scaled(before.success ? before.data : { from: known, to: known });
  },
  revert: ({ connection, namespace, name }, { changed, replicas, former, uid }) =>
    changed
      ? {
          uses: "k8s.scale",
          with: {
            ...(connection !== undefined && { connection }),
            ...(namespace !== undefined && { namespace }),
            name,
            replicas: former,
            expected: replicas,
            ...(uid !== undefined && { uid }),
            allowDown: true,
          },
        }
      : undefined,
});

function isStale(result: ActionResult): boolean {
  return !result.ok && result.reason === "conflict" && result.retryable;
}

function resolve(input: Input, { spec }: Scale): { ok: true; before: Before } | ActionFailure {
  const { replicas: wanted, max, allowDown, expected } = input;
  const resolved = resolveCount(actOf(input), { wanted, max, allowDown, expected }, spec.replicas);
  return resolved.ok ? { ok: true, before: { from: spec.replicas, to: resolved.to } } : resolved;
}

async function scale(input: Input, ctx: ActionContext, recorded: Output | undefined): Promise<ActionResult<Scaled>> {
  const read = await readScale(placeOf(input, ctx.connections), ctx);
  if (!read.ok) return read;
  const known = Before.safeParse(recorded);
  const resolved = known.success ? { ok: true as const, before: known.data } : resolve(input, read.scale);
  if (!resolved.ok) return resolved;
  const { before } = resolved;
  const another = madeAnew(actOf(input), input.uid ?? before.uid, read.scale.metadata.uid);
  if (another) return another;
  const { replicas } = read.scale.spec;
  if (replicas === before.to) return started(input, before);
  if (replicas !== before.from)
    return failure(
      "conflict",
      `${actOf(input)}: there are ${replicas} now, not ${before.from}; somebody changed it since`,
      { sent: "refused" },
    );
  const { resourceVersion } = read.scale.metadata;
  const place = placeOf(input, ctx.connections);
  const patched = await patchScale(place, ctx, { act: actOf(input), replicas: before.to, resourceVersion });
  if (!patched.ok) return patched;
  return ctx.dryRun ? done(before) : started(input, before);
}

function started({ connection, namespace, name }: Input, { from, to, uid }: Before): ActionResult<Scaled> {
  return {
    ok: true,
    done: false,
    handle: { connection, namespace, name, replicas: to, former: from, uid },
    pollAfter: FIRST_POLL,
  };
}

function done(before: Before): ActionResult<Scaled> {
  return { ok: true, done: true, output: scaled(before) };
}

function scaled({ from, to, uid }: Before): Scaled {
  return { replicas: to, former: from, changed: from !== to, ...(uid !== undefined && { uid }) };
}

async function poll(raw: Output, ctx: ActionContext): Promise<ActionResult<Scaled>> {
  const parsed = Handle.safeParse(raw);
  if (!parsed.success) return failure("internal", "the handle of the scaling cannot be read", { sent: "unknown" });
  const { connection, namespace, name, replicas, former, uid } = parsed.data;
  const read = await readDeployment(placeOf({ connection, namespace, name }, ctx.connections), ctx);
  if (!read.ok) return read;
  const act = `scaling deployment ${name} to ${replicas}`;
  if (uid !== undefined && read.deployment.metadata.uid !== uid)
    return ended("superseded", `${act}: it was deleted and made anew meanwhile`);
  if (read.deployment.spec.replicas !== replicas)
    return ended("superseded", `${act}: somebody set it to ${read.deployment.spec.replicas} meanwhile`);
  const { state, detail } = rolloutOf(read.deployment);
  if (state === "failed") return ended("target_failed", `${act}: ${detail}; look at its pods`);
  return state === "complete"
    ? done({ from: former, to: replicas, uid })
    : { ok: true, done: false, handle: parsed.data, pollAfter: POLL_EVERY };
}

async function reconcile(input: Input, ctx: ActionContext, intent: Intent) {
  const before = Before.safeParse(intent.before);
  if (!before.success) return { verdict: "unknown" as const, detail: "the count before is not recorded" };
  const read = await readScale(placeOf(input, ctx.connections), ctx);
  if (!read.ok) return { verdict: "unknown" as const, detail: read.message };
  const { replicas } = read.scale.spec;
  const another = madeAnew(actOf(input), before.data.uid, read.scale.metadata.uid);
  if (another) return { verdict: "unknown" as const, detail: another.message };
  if (replicas === before.data.to) return { verdict: "done" as const, result: started(input, before.data) };
  const { from, to, generation } = before.data;
  const found = `there are ${replicas} replicas`;
  if (replicas !== from) return { verdict: "unknown" as const, detail: `${found}, neither ${from} nor ${to}` };
  const now = await readDeployment(placeOf(input, ctx.connections), ctx);
  if (!now.ok) return { verdict: "unknown" as const, detail: now.message };
  return generation === undefined || now.deployment.metadata.generation === generation
    ? { verdict: "not-done" as const, detail: `${found}, as before` }
    : {
        verdict: "unknown" as const,
        detail: `${found}, as before, but it was changed since: it may have been put back`,
      };
}

function actOf({ name, namespace, replicas }: Input): string {
  const which = namespace === undefined ? name : `${namespace}/${name}`;
  return `scaling deployment ${which} ${typeof replicas === "number" ? `to ${replicas}` : `by ${replicas}`}`;
}
