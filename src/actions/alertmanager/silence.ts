import { z } from "zod";
import type { ActionContext, ActionFailure, ActionResult, Intent } from "../../core/action.ts";
import type { Connections } from "../../core/connection.ts";
import { isoTime } from "../../core/time.ts";
import { define } from "../define.ts";
import { failure } from "../failure.ts";
import { bodyText, type Call, callEndpoint, jsonOf, refusal, urlEndpoint } from "../http/endpoint.ts";
import { ConnectionName } from "../inputs.ts";
import { isLive, Silence } from "./api.ts";

const Matcher = z.strictObject({
  name: z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, "not a label's name"),
  value: z.string().min(1, "an empty value would match every alert without the label").max(1_000),
  isRegex: z.boolean().default(false),
  isEqual: z.boolean().default(true),
});

const Input = z.strictObject({
  connection: ConnectionName,
  /** All must hold; at least one positive and exact, so that a silence never covers everything. */
  matchers: z
    .array(Matcher)
    .min(1)
    .max(20)
    .refine((all) => all.some(({ isRegex, isEqual }) => isEqual && !isRegex), "one matcher must be an equality"),
  minutes: z
    .number()
    .positive()
    .max(24 * 60),
  comment: z.string().min(1).max(500),
});
type Input = z.infer<typeof Input>;

const Output = z.object({ silenceId: z.string(), endsAt: z.string() });
type Output = z.infer<typeof Output>;

const TIMEOUT = 10_000;

/**
 * `alertmanager.silence`: mutes alerts for at most a day. Alertmanager has no key against repeats, so the comment carries the step's key
 * by which the silence is found again. The revert expires it.
 */
export const alertmanagerSilence = define<Input, Output>({
  name: "alertmanager.silence",
  connection: "alertmanager",
  effect: "reversible",
  input: Input,
  output: Output,
  targets: ({ connection }, connections) => [silenceTarget(connections, connection)],
  describe: ({ matchers, minutes }) => `silence alerts with ${matchers.map(matcherText).join(", ")} for ${minutes} min`,
  async run(input, ctx) {
    const endpoint = urlEndpoint(ctx.connections.find("alertmanager", input.connection));
    const call = silenceCall(input, endpoint.name, ctx);
    const endsAt = isoTime(ctx.now + input.minutes * 60_000);
    if (ctx.dryRun) return { ok: true, done: true, output: { silenceId: "", endsAt } };
    const sent = await callEndpoint(endpoint, ctx, call);
    if (!sent.ok) return sent;
    if (sent.answer.status !== 200) return refusal(endpoint, call, sent.answer);
    const created = z.object({ silenceID: z.string().min(1) }).safeParse(jsonOf(sent.answer));
    if (created.success) return { ok: true, done: true, output: { silenceId: created.data.silenceID, endsAt } };
    const said = bodyText(endpoint, sent.answer).slice(0, 40);
    return failure("bad_response", `${call.act}: the answer is not Alertmanager's (${JSON.stringify(said)})`, {
      sent: "unknown",
    });
  },
  reconcile,
  revert: ({ connection }, { silenceId }) =>
    silenceId === ""
      ? undefined
      : { uses: "alertmanager.expire-silence", with: { ...(connection !== undefined && { connection }), silenceId } },
});

/** The lock key of an Alertmanager's silences. */
export function silenceTarget(connections: Connections, connection: string | undefined): string {
  const { identity, name } = connections.find("alertmanager", connection);
  return `alertmanager:${identity ?? name}`;
}

function silenceCall({ matchers, minutes, comment }: Input, name: string, { now, stepKey }: ActionContext): Call {
  const silence = {
    matchers,
    startsAt: isoTime(now),
    endsAt: isoTime(now + minutes * 60_000),
    createdBy: "stanch",
    comment: `${comment} [${stepKey}]`,
  };
  return {
    act: `silencing alerts at ${name}`,
    method: "POST",
    path: "/api/v2/silences",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(silence),
    timeout: TIMEOUT,
    mutating: true,
  };
}

async function reconcile(input: Input, ctx: ActionContext, _intent: Intent) {
  const listed = await listSilences(input, ctx);
  if (!listed.ok) return { verdict: "unknown" as const, detail: listed.message };
  const ours = listed.silences.find((silence) => isLive(silence) && silence.comment.endsWith(`[${ctx.stepKey}]`));
  if (!ours) return { verdict: "not-done" as const, detail: "no live silence carries this step's key" };
  const result: ActionResult<Output> = { ok: true, done: true, output: { silenceId: ours.id, endsAt: ours.endsAt } };
  return { verdict: "done" as const, result };
}

async function listSilences(
  { connection }: Input,
  ctx: ActionContext,
): Promise<{ ok: true; silences: readonly Silence[] } | ActionFailure> {
  const endpoint = urlEndpoint(ctx.connections.find("alertmanager", connection));
  const act = `listing silences of ${endpoint.name}`;
  const call: Call = {
    act,
    method: "GET",
    path: "/api/v2/silences",
    timeout: TIMEOUT,
    mutating: false,
    limit: 4 * 1024 * 1024,
  };
  const sent = await callEndpoint(endpoint, ctx, call);
  if (!sent.ok) return sent;
  if (sent.answer.status !== 200) return refusal(endpoint, call, sent.answer);
  const list = z.array(Silence).safeParse(jsonOf(sent.answer));
  return list.success
    ? { ok: true, silences: list.data }
    : failure("bad_response", `${act}: the answer is not Alertmanager's`, { retryable: true });
}

function matcherText({ name, value, isRegex, isEqual }: z.infer<typeof Matcher>): string {
  const operator = isRegex ? (isEqual ? "=~" : "!~") : isEqual ? "=" : "!=";
  return `${name}${operator}${JSON.stringify(value)}`;
}
