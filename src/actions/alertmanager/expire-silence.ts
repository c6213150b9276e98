import { z } from "zod";
import type { ActionContext, ActionFailure } from "../../core/action.ts";
import { define } from "../define.ts";
import { failure } from "../failure.ts";
import { type Call, callEndpoint, jsonOf, refusal, urlEndpoint } from "../http/endpoint.ts";
import { ConnectionName } from "../inputs.ts";
import { isLive, Silence } from "./api.ts";
import { silenceTarget } from "./silence.ts";

const Input = z.strictObject({
  connection: ConnectionName,
  silenceId: z.string().regex(/^[0-9a-zA-Z-]{1,100}$/, "not the id of a silence"),
});
type Input = z.infer<typeof Input>;

const Output = z.object({ silenceId: z.string(), changed: z.boolean() });

const TIMEOUT = 10_000;

/** `alertmanager.expire-silence`: ends a silence; one that has ended, or is unknown, is left alone. A repeat has no second effect. */
export const alertmanagerExpireSilence = define<Input, z.infer<typeof Output>>({
  name: "alertmanager.expire-silence",
  connection: "alertmanager",
  effect: "reversible",
  input: Input,
  output: Output,
  conditional: true,
  targets: ({ connection }, connections) => [silenceTarget(connections, connection)],
  describe: ({ silenceId }) => `end the silence ${silenceId}`,
  async run(input, ctx) {
    const read = await readState(input, ctx);
    if (!read.ok) return read;
    const { silenceId } = input;
    if (!read.live || ctx.dryRun) return { ok: true, done: true, output: { silenceId, changed: false } };
    const endpoint = urlEndpoint(ctx.connections.find("alertmanager", input.connection));
    const call: Call = { ...callOf(input, "DELETE"), act: `ending silence ${silenceId}`, mutating: true };
    const sent = await callEndpoint(endpoint, ctx, call);
    if (!sent.ok) return sent;
    if (sent.answer.status !== 200) return refusal(endpoint, call, sent.answer);
    return sent.answer.body.length === 0
      ? { ok: true, done: true, output: { silenceId, changed: true } }
      : failure("bad_response", `${call.act}: the answer is not Alertmanager's`, { sent: "unknown" });
  },
  async reconcile(input, ctx) {
    const read = await readState(input, ctx);
    if (!read.ok) return { verdict: "unknown", detail: read.message };
    const { silenceId } = input;
    if (read.live) return { verdict: "not-done", detail: "the silence is still in force" };
    return { verdict: "done", result: { ok: true, done: true, output: { silenceId, changed: true } } };
  },
});

async function readState(input: Input, ctx: ActionContext): Promise<{ ok: true; live: boolean } | ActionFailure> {
  const endpoint = urlEndpoint(ctx.connections.find("alertmanager", input.connection));
  const call = callOf(input, "GET");
  const sent = await callEndpoint(endpoint, ctx, call);
  if (!sent.ok) return sent;
  // Alertmanager's own has no body; one that has comes from whatever stands before it.
  if (sent.answer.status === 404 && sent.answer.body.length === 0) return { ok: true, live: false };
  if (sent.answer.status !== 200) return refusal(endpoint, call, sent.answer);
  const silence = Silence.safeParse(jsonOf(sent.answer));
  return silence.success
    ? { ok: true, live: isLive(silence.data) }
    : failure("bad_response", `${call.act}: the answer is not Alertmanager's`, { retryable: true });
}

function callOf({ silenceId }: Input, method: "GET" | "DELETE"): Call {
  const path = `/api/v2/silence/${encodeURIComponent(silenceId)}`;
  return { act: `reading silence ${silenceId}`, method, path, timeout: TIMEOUT, mutating: false };
}
