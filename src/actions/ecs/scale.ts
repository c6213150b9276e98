import { z } from "zod";
import type { ActionContext, ActionFailure, ActionResult, Intent, Output } from "../../core/action.ts";
import { absoluteCount, boundsText, CountInput, hasCeiling, resolveCount, WantedCount } from "../count.ts";
import { define } from "../define.ts";
import { failure } from "../failure.ts";
import { ended } from "../poll.ts";
import { ecsCall, notEcs } from "./client.ts";
import { readService, ServiceInput, serviceName, serviceOf, serviceTarget } from "./service.ts";

const Input = ServiceInput.extend({ desired: WantedCount, ...CountInput }).refine(
  ({ desired, max }) => hasCeiling(desired, max),
  "a step up needs max",
);
type Input = z.infer<typeof Input>;

const Scaled = z.object({ desired: z.number(), former: z.number(), changed: z.boolean() });
type Scaled = z.infer<typeof Scaled>;

const Before = z.object({ from: z.number(), to: z.number() });
type Before = z.infer<typeof Before>;

const Handle = ServiceInput.extend({ desired: z.number(), former: z.number() });

const FIRST_POLL = 2_000;
const POLL_EVERY = 5_000;

/**
 * `ecs.scale`: the desired count, absolute or by a step with a ceiling. A step is resolved once, in `prepare`, and the count then found
 * is the precondition. ECS itself knows no precondition, and a scaling policy of the service may undo the change.
 */
export const ecsScale = define<Input, Scaled>({
  name: "ecs.scale",
  connection: "ecs",
  effect: "reversible",
  input: Input,
  output: Scaled,
  targets: (input, connections) => [serviceTarget(input, connections)],
  describe: (input) => `${actOf(input)}${boundsText(input)}`,
  async prepare(input, ctx) {
    const read = await readDesired(input, ctx);
    if (!read.ok) return read;
    const resolved = resolve(input, read.desired);
    return resolved.ok ? { ok: true, before: resolved.before } : resolved;
  },
  relative: {
    isIn: ({ desired }) => typeof desired === "string",
    resolve: (input, recorded) => {
      const before = Before.safeParse(recorded);
      return before.success ? absoluteCount(input, "desired", before.data) : input;
    },
  },
  async run(input, ctx, recorded) {
    const read = await readDesired(input, ctx);
    if (!read.ok) return read;
    const known = Before.safeParse(recorded);
    const resolved = known.success ? { ok: true as const, before: known.data } : resolve(input, read.desired);
    if (!resolved.ok) return resolved;
    const { before } = resolved;
    if (read.desired === before.to) return done(before);
    if (read.desired !== before.from) return changedSince(input, before, read.desired);
    return ctx.dryRun ? done(before) : update(input, ctx, before);
  },
  poll,
  reconcile,
  assume: ({ desired }, recorded) => {
    const before = Before.safeParse(recorded);
    const known = typeof desired === "number" ? desired : 0;
    return scaled(before.success ? before.data : { from: known, to: known });
  },
  revert: ({ connection, cluster, service }, { changed, desired, former }) =>
    changed
      ? {
          uses: "ecs.scale",
          with: {
            ...(connection !== undefined && { connection }),
            cluster,
            service,
            desired: former,
            expected: desired,
            allowDown: true,
          },
        }
      : undefined,
});

async function readDesired(input: Input, ctx: ActionContext): Promise<{ ok: true; desired: number } | ActionFailure> {
  const { connection, cluster, service } = input;
  const read = await readService(ctx.connections.find("ecs", connection), ctx, { connection, cluster, service });
  if (!read.ok) return read;
  const { status, desired } = read.service;
  if (status !== "ACTIVE") return failure("refused", `${actOf(input)}: the service is ${status}, not ACTIVE`);
  return { ok: true, desired };
}

function resolve(input: Input, from: number): { ok: true; before: Before } | ActionFailure {
  const { desired: wanted, max, allowDown, expected } = input;
  const resolved = resolveCount(actOf(input), { wanted, max, allowDown, expected }, from);
  return resolved.ok ? { ok: true, before: { from, to: resolved.to } } : resolved;
}

function changedSince(input: Input, before: Before, desired: number): ActionFailure {
  const message = `${actOf(input)}: ${desired} are desired now, not ${before.from}; somebody changed it since`;
  return failure("conflict", message, { sent: "refused" });
}

async function update(input: Input, ctx: ActionContext, before: Before): Promise<ActionResult<Scaled>> {
  const { connection, cluster, service } = input;
  const act = actOf(input);
  const updated = await ecsCall(ctx.connections.find("ecs", connection), ctx, {
    act,
    permission: "ecs:UpdateService on the service",
    mutating: true,
    send: ({ client, library }, options) =>
      client.send(new library.UpdateServiceCommand({ cluster, service, desiredCount: before.to }), options),
  });
  if (!updated.ok) return updated;
  return serviceOf(updated.value.service)?.desired === before.to ? started(input, before) : notEcs(act, "unknown");
}

function started({ connection, cluster, service }: Input, { from, to }: Before): ActionResult<Scaled> {
  return {
    ok: true,
    done: false,
    handle: { connection, cluster, service, desired: to, former: from },
    pollAfter: FIRST_POLL,
  };
}

function done(before: Before): ActionResult<Scaled> {
  return { ok: true, done: true, output: scaled(before) };
}

function scaled({ from, to }: Before): Scaled {
  return { desired: to, former: from, changed: from !== to };
}

/** Done when as many tasks run as are desired. */
async function poll(raw: Output, ctx: ActionContext): Promise<ActionResult<Scaled>> {
  const parsed = Handle.safeParse(raw);
  if (!parsed.success) return failure("internal", "the handle of the scaling cannot be read", { sent: "unknown" });
  const { connection, cluster, service, desired, former } = parsed.data;
  const read = await readService(ctx.connections.find("ecs", connection), ctx, { connection, cluster, service });
  if (!read.ok) return read;
  const act = `scaling ${serviceName(parsed.data)} to ${desired}`;
  if (read.service.desired !== desired)
    return ended(
      "superseded",
      `${act}: ${read.service.desired} are desired now; somebody or a scaling policy changed it`,
    );
  if (read.service.running === desired && read.service.pending === 0) return done({ from: former, to: desired });
  return { ok: true, done: false, handle: parsed.data, pollAfter: POLL_EVERY };
}

async function reconcile(input: Input, ctx: ActionContext, intent: Intent) {
  const before = Before.safeParse(intent.before);
  if (!before.success) return { verdict: "unknown" as const, detail: "the count before is not recorded" };
  const { connection, cluster, service } = input;
  const read = await readService(ctx.connections.find("ecs", connection), ctx, { connection, cluster, service });
  if (!read.ok) return { verdict: "unknown" as const, detail: read.message };
  const { desired } = read.service;
  if (desired === before.data.to) return { verdict: "done" as const, result: started(input, before.data) };
  return desired === before.data.from
    ? { verdict: "not-done" as const, detail: `${desired} are desired, as before` }
    : {
        verdict: "unknown" as const,
        detail: `${desired} are desired, neither ${before.data.from} nor ${before.data.to}`,
      };
}

function actOf(input: Input): string {
  const { desired } = input;
  return `scaling ${serviceName(input)} ${typeof desired === "number" ? `to ${desired}` : `by ${desired}`}`;
}
