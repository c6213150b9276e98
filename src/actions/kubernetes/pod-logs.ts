import { stripVTControlCharacters } from "node:util";
import { RE2JS } from "re2js";
import { z } from "zod";
import type { ActionContext, ActionFailure } from "../../core/action.ts";
import { define } from "../define.ts";
import { quote } from "../failure.ts";
import { RePattern } from "../inputs.ts";
import { kubeCall } from "./client.ts";
import { listPods, type Pod, PodsInput, podPlace } from "./pods.ts";

const PODS_READ = 10;
const LINES_SHOWN = 40;
const BYTES_READ = 256 * 1024;

const Input = PodsInput.extend({
  sinceSeconds: z.number().int().min(1).max(86_400).default(600),
  /** Lines per container, before filtering. */
  tail: z.number().int().min(1).max(5_000).default(1_000),
  /** Only lines that contain one of these, in any case. */
  contains: z.array(z.string().min(1).max(200)).min(1).max(20).optional(),
  /** Only lines that match this RE2 expression. */
  matches: RePattern.optional(),
  /** The former containers of pods that have restarted. */
  previous: z.boolean().default(false),
});
type Input = z.infer<typeof Input>;

const Output = z.object({
  /** Lines found, over all containers; each is shown cut to 200 characters. */
  matched: z.number(),
  pods: z.number(),
  lines: z.array(z.object({ pod: z.string(), container: z.string(), text: z.string() })),
});
type Line = z.infer<typeof Output>["lines"][number];

/**
 * `k8s.pod-logs`: lines of all containers of up to 10 pods, at most 256 KiB each, with secrets taken out; the last 40 lines are shown. A
 * container without such a log (it never ran, never restarted, or went meanwhile) has no lines.
 */
export const k8sPodLogs = define<Input, z.infer<typeof Output>>({
  name: "k8s.pod-logs",
  connection: "kubernetes",
  effect: "read",
  input: Input,
  output: Output,
  targets: () => [],
  describe: ({ selector, previous }) => `read the ${previous ? "former " : ""}logs of pods ${selector}`,
  async run(input, ctx) {
    const listed = await listPods(input, ctx);
    if (!listed.ok) return listed;
    const pods = listed.pods.slice(0, PODS_READ);
    const found: Line[] = [];
    for (const { pod, container } of pods.flatMap(containersOf)) {
      const read = await readLog(input, { pod, container }, ctx);
      if (!read.ok) return read;
      for (const text of read.lines) found.push({ pod, container, text });
    }
    const lines = found
      .slice(-LINES_SHOWN)
      .map((line) => ({ ...line, text: quote(stripVTControlCharacters(line.text)) }));
    return { ok: true, done: true, output: { matched: found.length, pods: pods.length, lines } };
  },
});

type Source = { pod: string; container: string };

function containersOf({ metadata, spec }: Pod): readonly Source[] {
  return spec.containers.map(({ name }) => ({ pod: metadata.name, container: name }));
}

async function readLog(
  input: Input,
  { pod, container }: Source,
  ctx: ActionContext,
): Promise<{ ok: true; lines: readonly string[] } | ActionFailure> {
  const { connection, namespace } = podPlace(input, ctx.connections);
  const sent = await kubeCall(connection, ctx, {
    act: `reading the log of ${namespace}/${pod}`,
    permission: `get on pods/log in ${namespace}`,
    method: "GET",
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log`,
    query: {
      container,
      sinceSeconds: `${input.sinceSeconds}`,
      tailLines: `${input.tail}`,
      limitBytes: `${BYTES_READ}`,
      ...(input.previous && { previous: "true" }),
    },
    mutating: false,
    limit: BYTES_READ,
  });
  if (sent.ok) return { ok: true, lines: filtered(input, sent.answer.body.toString("utf8")) };
  return sent.reason === "refused" || sent.reason === "not_found" ? { ok: true, lines: [] } : sent;
}

function filtered({ contains, matches }: Input, text: string): readonly string[] {
  const words = contains?.map((word) => word.toLowerCase());
  const expression = matches === undefined ? undefined : RE2JS.compile(matches);
  return text
    .split("\n")
    .filter((line) => line !== "" && (words?.some((word) => line.toLowerCase().includes(word)) ?? true))
    .filter((line) => expression?.matcher(line).find() ?? true);
}
