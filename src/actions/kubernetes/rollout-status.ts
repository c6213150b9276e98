import { z } from "zod";
import { define } from "../define.ts";
import { DeploymentInput, placeOf, readDeployment } from "./deployment.ts";
import { rolloutOf } from "./rollout.ts";

const Output = z.object({
  state: z.enum(["complete", "progressing", "failed"]),
  detail: z.string(),
  paused: z.boolean(),
  generation: z.number(),
  replicas: z.number(),
  updated: z.number(),
  available: z.number(),
  ready: z.number(),
  images: z.array(z.string()),
});

/** `k8s.rollout-status`: how far the rollout of a Deployment is, with its counts and images. */
export const k8sRolloutStatus = define<DeploymentInput, z.infer<typeof Output>>({
  name: "k8s.rollout-status",
  connection: "kubernetes",
  effect: "read",
  input: DeploymentInput,
  output: Output,
  targets: () => [],
  describe: ({ name }) => `read the rollout of deployment ${name}`,
  async run(input, ctx) {
    const read = await readDeployment(placeOf(input, ctx.connections), ctx);
    if (!read.ok) return read;
    const { metadata, spec, status } = read.deployment;
    const output = {
      ...rolloutOf(read.deployment),
      paused: spec.paused === true,
      generation: metadata.generation,
      replicas: spec.replicas,
      updated: status.updatedReplicas ?? 0,
      available: status.availableReplicas ?? 0,
      ready: status.readyReplicas ?? 0,
      images: spec.template.spec.containers.slice(0, 20).map(({ image }) => image ?? ""),
    };
    return { ok: true, done: true, output };
  },
});
