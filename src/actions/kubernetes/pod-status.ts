import { z } from "zod";
import { define } from "../define.ts";
import { isReady, listPods, type Pod, PodsInput } from "./pods.ts";

const PODS_SHOWN = 20;

const Output = z.object({
  total: z.number(),
  ready: z.number(),
  restarts: z.number(),
  /** Containers whose last end was an out-of-memory kill. */
  outOfMemory: z.number(),
  crashLooping: z.number(),
  pods: z.array(
    z.object({
      name: z.string(),
      phase: z.string(),
      ready: z.boolean(),
      restarts: z.number(),
      /** Why a container waits or ended: `CrashLoopBackOff`, `OOMKilled`; empty when nothing is wrong. */
      reason: z.string(),
      lastReason: z.string(),
      lastExitCode: z.number().nullable(),
    }),
  ),
});
type PodRow = z.infer<typeof Output>["pods"][number];

/** `k8s.pod-status`: readiness, restarts and reasons of the pods that a selector finds; counts are over all, the 20 worst are shown. */
export const k8sPodStatus = define<PodsInput, z.infer<typeof Output>>({
  name: "k8s.pod-status",
  connection: "kubernetes",
  effect: "read",
  input: PodsInput,
  output: Output,
  targets: () => [],
  describe: ({ selector }) => `read the state of pods ${selector}`,
  async run(input, ctx) {
    const listed = await listPods(input, ctx);
    if (!listed.ok) return listed;
    const rows = listed.pods.map(rowOf);
    const output = {
      total: rows.length,
      ready: rows.filter(({ ready }) => ready).length,
      restarts: rows.reduce((sum, { restarts }) => sum + restarts, 0),
      outOfMemory: rows.filter(({ reason, lastReason }) => [reason, lastReason].includes("OOMKilled")).length,
      crashLooping: rows.filter(({ reason }) => reason === "CrashLoopBackOff").length,
      pods: rows.sort(worstFirst).slice(0, PODS_SHOWN),
    };
    return { ok: true, done: true, output };
  },
});

function worstFirst(a: PodRow, b: PodRow): number {
  return Number(a.ready) - Number(b.ready) || b.restarts - a.restarts;
}

function rowOf(pod: Pod): PodRow {
  const containers = pod.status.containerStatuses ?? [];
  const current = containers.find(({ state }) => state?.waiting?.reason ?? state?.terminated?.reason)?.state;
  const last = containers.find(({ lastState }) => lastState?.terminated)?.lastState?.terminated;
  return {
    name: pod.metadata.name,
    phase: pod.status.phase,
    ready: isReady(pod),
    restarts: containers.reduce((sum, { restartCount }) => sum + restartCount, 0),
    reason: current?.waiting?.reason ?? current?.terminated?.reason ?? pod.status.reason ?? "",
    lastReason: last?.reason ?? "",
    lastExitCode: last?.exitCode ?? null,
  };
}
