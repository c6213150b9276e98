import { z } from "zod";
import { isoTime } from "../../core/time.ts";
import { define } from "../define.ts";
import { quote } from "../failure.ts";
import { isDeploying } from "./deployment.ts";
import { readService, ServiceInput, serviceName } from "./service.ts";

const EVENTS_SHOWN = 5;

const Output = z.object({
  status: z.string(),
  taskDefinition: z.string(),
  desired: z.number(),
  running: z.number(),
  pending: z.number(),
  /** A deployment is under way, whoever began it. */
  deploying: z.boolean(),
  deployments: z.array(
    z.object({
      id: z.string(),
      status: z.string(),
      rolloutState: z.string().nullable(),
      taskDefinition: z.string(),
      desired: z.number(),
      running: z.number(),
      failed: z.number(),
      createdAt: z.string(),
    }),
  ),
  /** Newest first, at most five. */
  events: z.array(z.object({ at: z.string(), message: z.string() })),
});

/** `ecs.describe-service`: counts, deployments with their rollout state, and the last events. */
export const ecsDescribeService = define<ServiceInput, z.infer<typeof Output>>({
  name: "ecs.describe-service",
  connection: "ecs",
  effect: "read",
  input: ServiceInput,
  output: Output,
  targets: () => [],
  describe: (input) => `read the state of ${serviceName(input)}`,
  async run(input, ctx) {
    const read = await readService(ctx.connections.find("ecs", input.connection), ctx, input);
    if (!read.ok) return read;
    const { status, taskDefinition, desired, running, pending, deployments, events } = read.service;
    const output = {
      status,
      taskDefinition,
      desired,
      running,
      pending,
      deploying: isDeploying(read.service),
      deployments: deployments.slice(0, 10).map(({ reason: _reason, pending: _pending, createdAt, ...shown }) => ({
        ...shown,
        createdAt: isoTime(createdAt),
      })),
      events: events.slice(0, EVENTS_SHOWN).map(({ at, message }) => ({ at: isoTime(at), message: quote(message) })),
    };
    return { ok: true, done: true, output };
  },
});
