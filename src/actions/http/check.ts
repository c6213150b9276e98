import { RE2JS } from "re2js";
import { z } from "zod";
import type { ActionFailure } from "../../core/action.ts";
import { define } from "../define.ts";
import { failure } from "../failure.ts";
import { ConnectionName, Path, RePattern, TimeoutSeconds } from "../inputs.ts";
import { bodyText, type Call, callEndpoint, httpEndpoint } from "./endpoint.ts";
import type { Answer } from "./send.ts";

const StatusWanted = z.union([z.number().int().min(100).max(599), z.literal("2xx"), z.literal("any")]);

const Input = z.strictObject({
  connection: ConnectionName,
  path: Path.default("/"),
  method: z.enum(["GET", "HEAD"]).default("GET"),
  /** An answer with another status fails the step; `any` only measures, for playbooks that branch on `status`. */
  status: z.union([StatusWanted, z.array(StatusWanted).min(1).max(20)]).default("2xx"),
  /** Text that the first 64 KiB of the body must contain. */
  contains: z.string().min(1).max(1_000).optional(),
  /** RE2 expression that must match somewhere in the first 64 KiB of the body. */
  matches: RePattern.optional(),
  timeoutSeconds: TimeoutSeconds.default(5),
});
type Input = z.infer<typeof Input>;

const Output = z.object({
  ok: z.boolean(),
  state: z.enum(["ok", "status", "body", "timeout", "unreachable"]),
  status: z.number().nullable(),
  durationMs: z.number(),
});
type Output = z.infer<typeof Output>;

/**
 * `http.check`: one request, judged like `curl -f` after at most `timeoutSeconds`: a missing answer, a wrong status or body fails the step.
 * With the status `any` the step succeeds whatever the system does, also when it does not answer: `state` says what was found. It still
 * fails for what says nothing about the system: an unknown connection, an address that is not allowed, a name that cannot be resolved,
 * a certificate that is not taken, something other than HTTP at that address, a step that was stopped.
 */
export const httpCheck = define<Input, Output>({
  name: "http.check",
  connection: "http",
  effect: "read",
  input: Input,
  output: Output,
  targets: () => [],
  describe: ({ connection = "the http connection", method, path }) => `check ${method} ${path} of ${connection}`,
  async run(input, ctx) {
    const endpoint = httpEndpoint(ctx.connections.find("http", input.connection));
    const call = callOf(input, endpoint.name);
    const started = performance.now();
    const sent = await callEndpoint(endpoint, ctx, call);
    const durationMs = Math.round(performance.now() - started);
    if (!sent.ok) return isMeasuring(input) ? measuredNothing(sent, durationMs) : sent;
    const state = stateOf(input, sent.answer, bodyText(endpoint, sent.answer));
    const output: Output = { ok: state === "ok", state, status: sent.answer.status, durationMs };
    if (state === "ok" || isMeasuring(input)) return { ok: true, done: true, output };
    return unhealthy(call.act, input, state, sent.answer.status);
  },
});

function callOf(input: Input, name: string): Call {
  const act = `checking ${name}${input.path}`;
  return { act, method: input.method, path: input.path, timeout: input.timeoutSeconds * 1_000, mutating: false };
}

function isMeasuring({ status }: Input): boolean {
  return status === "any";
}

function measuredNothing(none: ActionFailure, durationMs: number) {
  const { reason: state } = none;
  if (state !== "timeout" && state !== "unreachable") return none;
  return { ok: true as const, done: true as const, output: { ok: false, state, status: null, durationMs } };
}

function stateOf(input: Input, answer: Answer, body: string): "ok" | "status" | "body" {
  const wanted = Array.isArray(input.status) ? input.status : [input.status];
  if (!wanted.some((one) => one === "any" || one === answer.status || (one === "2xx" && isSuccess(answer.status))))
    return "status";
  if (input.contains !== undefined && !body.includes(input.contains)) return "body";
  if (input.matches !== undefined && !RE2JS.compile(input.matches).matcher(body).find()) return "body";
  return "ok";
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function unhealthy(act: string, input: Input, state: "status" | "body", status: number): ActionFailure {
  const wanted = Array.isArray(input.status) ? input.status.join(", ") : `${input.status}`;
  const found = state === "status" ? `answered ${status}, not ${wanted}` : `answered ${status} without the wanted text`;
  return failure("target_failed", `${act}: ${found}`, { retryable: true });
}
