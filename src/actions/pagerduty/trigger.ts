import { z } from "zod";
import { define } from "../define.ts";
import { ConnectionName } from "../inputs.ts";
import { sendPagerDuty } from "./events.ts";

const Input = z.strictObject({
  connection: ConnectionName,
  summary: z.string().min(1).max(1_024),
  severity: z.enum(["critical", "error", "warning", "info"]).default("critical"),
  source: z.string().min(1).max(255).default("stanch"),
  component: z.string().min(1).max(255).optional(),
  details: z.record(z.string(), z.union([z.string().max(1_000), z.number(), z.boolean()])).optional(),
  /** One PagerDuty incident per key; the step's own key unless given, the incident's id to join its escalation. */
  dedupKey: z.string().min(1).max(255).optional(),
});

const Output = z.object({ dedupKey: z.string() });

/**
 * `pagerduty.trigger`: pages people. It tells and changes nothing else, so no guard or approval holds it back; repeats fall together by
 * `dedupKey`.
 */
export const pagerdutyTrigger = define<z.infer<typeof Input>, z.infer<typeof Output>>({
  name: "pagerduty.trigger",
  connection: "pagerduty",
  effect: "read",
  tells: true,
  input: Input,
  output: Output,
  targets: () => [],
  describe: ({ summary }) => `page people: ${summary}`,
  async run({ connection, dedupKey, ...event }, ctx) {
    const key = dedupKey ?? ctx.stepKey.slice(-255);
    const pagerduty = ctx.connections.find("pagerduty", connection);
    if (ctx.dryRun) return { ok: true, done: true, output: { dedupKey: key } };
    const sent = await sendPagerDuty(pagerduty, { action: "trigger", dedupKey: key, ...event }, ctx.signal);
    return sent.ok ? { ok: true, done: true, output: { dedupKey: sent.dedupKey } } : sent;
  },
});
