import { z } from "zod";
import { define } from "../define.ts";
import { queryPrometheus } from "./api.ts";

const Input = z.strictObject({ connection: z.string().optional(), query: z.string().min(1).max(20_000) });

const Output = z.object({
  value: z.number().nullable(),
  state: z.enum(["value", "empty", "nan", "many"]),
  series: z.array(z.object({ labels: z.record(z.string(), z.string()), value: z.number().nullable() })),
  count: z.number(),
});

/** `prometheus.query`: the value of a PromQL expression now. Empty, NaN and several series are states of their own, never 0. */
export const prometheusQuery = define<z.infer<typeof Input>, z.infer<typeof Output>>({
  name: "prometheus.query",
  connection: "prometheus",
  effect: "read",
  input: Input,
  output: Output,
  targets: () => [],
  describe: ({ query }) => `query Prometheus: ${query}`,
  async run({ connection, query }, ctx) {
    const result = await queryPrometheus(ctx.connections.find("prometheus", connection), query, ctx.signal);
    if (!result.ok) return result;
    const { value, state, count } = result;
    return { ok: true, done: true, output: { value, state, series: [...result.series], count } };
  },
});
