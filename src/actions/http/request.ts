import { z } from "zod";
import { define } from "../define.ts";
import { ConnectionName, Path, TimeoutSeconds } from "../inputs.ts";
import { bodyText, type Call, callEndpoint, httpEndpoint, jsonOf, refusal } from "./endpoint.ts";

const BODY_KEPT = 2_048;

const Input = z.strictObject({
  connection: ConnectionName,
  method: z.enum(["POST", "PUT", "PATCH", "DELETE"]).default("POST"),
  path: Path,
  /** Sent as JSON. */
  body: z.json().optional(),
  /** The target honours `Idempotency-Key`: a repeated request has no second effect. */
  idempotent: z.boolean().default(false),
  timeoutSeconds: TimeoutSeconds.default(10),
});
type Input = z.infer<typeof Input>;

const Output = z.object({
  /** null after a dry run, which sends nothing. */
  status: z.number().nullable(),
  /** The answer's JSON when it is short, else the start of its text. */
  body: z.unknown(),
});

/**
 * `http.request`: one changing request with `Idempotency-Key: stepKey`. Anything but 2xx fails. What cannot be known after a
 * broken connection stays unknown, because a plain request leaves nothing that could be read afterwards.
 */
export const httpRequest = define<Input, z.infer<typeof Output>>({
  name: "http.request",
  connection: "http",
  effect: "disruptive",
  input: Input,
  output: Output,
  /** Only an input with `idempotent` is ever found `repeatable`, so only that one is repeated. */
  conditional: true,
  targets: ({ connection }, connections) => {
    const { identity, name } = connections.find("http", connection);
    return [`http:${identity ?? name}`];
  },
  describe: ({ connection = "the http connection", method, path }) => `send ${method} ${path} to ${connection}`,
  async run(input, ctx) {
    const endpoint = httpEndpoint(ctx.connections.find("http", input.connection));
    const call = callOf(input, endpoint.name, ctx.stepKey);
    if (ctx.dryRun) return { ok: true, done: true, output: { status: null, body: null } };
    const sent = await callEndpoint(endpoint, ctx, call);
    if (!sent.ok) return sent;
    const { answer } = sent;
    if (answer.status < 200 || answer.status > 299) return refusal(endpoint, call, answer);
    const body =
      answer.body.length > BODY_KEPT ? undefined : jsonOf({ ...answer, body: Buffer.from(bodyText(endpoint, answer)) });
    return {
      ok: true,
      done: true,
      output: { status: answer.status, body: body ?? bodyText(endpoint, answer).slice(0, BODY_KEPT) },
    };
  },
  async reconcile(input) {
    return input.idempotent
      ? { verdict: "repeatable", detail: "the target takes a repeat once, by its Idempotency-Key" }
      : {
          verdict: "unknown",
          detail: `${input.method} ${input.path} leaves nothing to read afterwards; look at the target`,
        };
  },
});

function callOf(input: Input, name: string, stepKey: string): Call {
  return {
    act: `sending ${input.method} ${input.path} to ${name}`,
    method: input.method,
    path: input.path,
    headers: { "idempotency-key": stepKey, ...(input.body !== undefined && { "content-type": "application/json" }) },
    ...(input.body !== undefined && { body: JSON.stringify(input.body) }),
    timeout: input.timeoutSeconds * 1_000,
    mutating: true,
  };
}
