import { z } from "zod";
import type { ActionFailure } from "../../core/action.ts";
import type { Connection } from "../../core/connection.ts";
import { failure, quote } from "../failure.ts";
import { BODY_LIMIT, type Call, callEndpoint, jsonOf, refusal, urlEndpoint } from "../http/endpoint.ts";

/** One series of an instant vector; null where Prometheus gave no finite number. */
export type Series = { labels: Readonly<Record<string, string>>; value: number | null };

/**
 * A query's result. `value` is the number when there is exactly one finite one. `empty`: no series matched; `nan`: one
 * series without a finite number (0/0, +Inf); `many`: several series, see `series` (at most 50 of `count`).
 */
export type Measured = {
  value: number | null;
  state: "value" | "empty" | "nan" | "many";
  series: readonly Series[];
  count: number;
};

const SERIES_KEPT = 50;
const ANSWER_LIMIT = 2 * 1024 * 1024;
const LONGEST_GET = 2_000;

const Sample = z.tuple([z.number(), z.string()]);
const Reply = z.object({
  status: z.literal("success"),
  warnings: z.array(z.string()).nullish(),
  /** VictoriaMetrics. */
  isPartial: z.boolean().nullish(),
  data: z.discriminatedUnion("resultType", [
    z.object({
      resultType: z.literal("vector"),
      result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: Sample })),
    }),
    z.object({ resultType: z.literal("scalar"), result: Sample }),
    z.object({ resultType: z.literal("matrix") }),
    z.object({ resultType: z.literal("string") }),
  ]),
});
const Fault = z.object({ status: z.literal("error"), error: z.string() });

/**
 * Asks `/api/v1/query` for the value now (Prometheus, or what speaks its API: Victoria Metrics, Thanos, Mimir).
 * Expected failures are values; a wrong query is `invalid_input` with the server's explanation.
 */
export async function queryPrometheus(
  connection: Connection<"prometheus">,
  query: string,
  signal: AbortSignal,
): Promise<({ ok: true } & Measured) | ActionFailure> {
  const act = `querying prometheus ${connection.name}`;
  const endpoint = urlEndpoint(connection);
  const call = queryCall(act, query);
  const sent = await callEndpoint(endpoint, { signal, fence() {} }, call);
  if (!sent.ok) return sent;
  const { answer } = sent;
  if (answer.cut && answer.body.length >= ANSWER_LIMIT)
    return failure("bad_response", `${act}: the answer is over ${ANSWER_LIMIT / 1024 / 1024} MiB; aggregate the query`);
  const body = jsonOf(answer);
  const fault = Fault.safeParse(body);
  if (fault.success && (answer.status === 400 || answer.status === 422))
    return failure("invalid_input", `${act}: ${quote(fault.data.error)}; correct the query`);
  if (answer.status !== 200) return refusal(endpoint, call, answer);
  const reply = Reply.safeParse(body);
  if (!reply.success) return notPrometheus(act);
  const missing = missingIn(reply.data);
  return missing === undefined
    ? measured(act, reply.data.data)
    : failure("bad_response", `${act}: the answer is not complete (${quote(missing)})`, { retryable: true });
}

/** What was left out of the answer because a part of the data could not be read; a remark on the query itself is none. */
function missingIn({ warnings, isPartial }: z.infer<typeof Reply>): string | undefined {
  return isPartial === true ? "isPartial" : warnings?.find((warning) => !warning.startsWith("PromQL "));
}

/** A query that fits goes by GET, which every stand-in understands; a longer one by POST. */
function queryCall(act: string, query: string): Call {
  const form = new URLSearchParams({ query }).toString();
  const common: Omit<Call, "method" | "path"> = { act, timeout: 10_000, mutating: false, limit: ANSWER_LIMIT };
  if (form.length <= LONGEST_GET) return { ...common, method: "GET", path: `/api/v1/query?${form}` };
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return { ...common, method: "POST", path: "/api/v1/query", headers, body: form };
}

function notPrometheus(act: string): ActionFailure {
  const message = `${act}: the answer is not Prometheus's; check the connection's url`;
  return failure("bad_response", message, { retryable: true });
}

function measured(act: string, data: z.infer<typeof Reply>["data"]): ({ ok: true } & Measured) | ActionFailure {
  switch (data.resultType) {
    case "scalar":
      return { ok: true, ...single({ labels: {}, value: finite(data.result[1]) }) };
    case "vector":
      return {
        ok: true,
        ...vector(data.result.map(({ metric, value }) => ({ labels: metric, value: finite(value[1]) }))),
      };
    case "matrix":
    case "string":
      return failure("invalid_input", `${act}: the query gives a ${data.resultType}, not one value per series now`);
    default:
      return data satisfies never;
  }
}

function vector(series: readonly Series[]): Measured {
  const [first] = series;
  if (!first) return { value: null, state: "empty", series: [], count: 0 };
  return series.length === 1 ? single(first) : many(series);
}

function single(series: Series): Measured {
  return { value: series.value, state: series.value === null ? "nan" : "value", series: [series], count: 1 };
}

/** As many series as stay within a step's journal. */
function many(series: readonly Series[]): Measured {
  const kept = series.slice(0, SERIES_KEPT);
  while (kept.length > 0 && Buffer.byteLength(JSON.stringify(kept)) > BODY_LIMIT / 8) kept.length = kept.length >> 1;
  return { value: null, state: "many", series: kept, count: series.length };
}

function finite(text: string): number | null {
  const value = Number(text);
  return text !== "" && Number.isFinite(value) ? value : null;
}
