import type { ECSClient } from "@aws-sdk/client-ecs";
import type { Agent } from "undici";
import type { ActionContext, ActionFailure, FailureReason } from "../../core/action.ts";
import type { Connection } from "../../core/connection.ts";
import { failure, quote, statusFailure } from "../failure.ts";
import { noAnswer } from "../http/endpoint.ts";
import { openAgent } from "../http/guard.ts";
import { type EcsSend, ecsTransport, NoAnswerError } from "./transport.ts";

type Library = typeof import("@aws-sdk/client-ecs");
type Ecs = { library: Library; client: ECSClient };

/** One call of the ECS API. `permission` is what a person would have to grant: `ecs:UpdateService on the service`. */
export type EcsCall<T> = {
  act: string;
  permission: string;
  mutating: boolean;
  send(ecs: Ecs, options: EcsSend): Promise<T>;
};

const ANSWER_WITHIN = 15_000;

/**
 * Makes one call, never repeated by the SDK, with the SDK's own search for region, credentials and endpoint. `body` is the answer as it
 * came: the SDK leaves out what it does not know.
 * @throws what the fence throws, for mutating calls; nothing was sent then.
 */
export async function ecsCall<T>(
  connection: Connection<"ecs">,
  ctx: Pick<ActionContext, "signal" | "fence">,
  call: EcsCall<T>,
): Promise<{ ok: true; value: T; body: Uint8Array } | ActionFailure> {
  const state: EcsSend["state"] = { status: undefined, handed: false };
  const options: EcsSend = {
    stop: AbortSignal.any([ctx.signal, AbortSignal.timeout(ANSWER_WITHIN)]),
    requestTimeout: ANSWER_WITHIN,
    state,
    ...(call.mutating && { fence: () => ctx.fence() }),
  };
  try {
    const ecs = await connection.use(() => makeClient(connection.settings.region), closeClient);
    const value = await Promise.race([call.send(ecs, options), aborted(options)]);
    return { ok: true, value, body: state.body ?? new Uint8Array() };
  } catch (error) {
    return ecsFailure(error, call, state);
  }
}

/** The SDK's client, loaded where an `ecs` connection is configured, as that of Kubernetes is. */
export function ecsLibrary(): Promise<Library> {
  return import("@aws-sdk/client-ecs");
}

async function makeClient(region: string | undefined): Promise<Ecs & { agent: Agent }> {
  const library = await ecsLibrary();
  const agent = openAgent();
  const requestHandler = ecsTransport(agent);
  const client = new library.ECSClient({ requestHandler, maxAttempts: 1, ...(region !== undefined && { region }) });
  return { library, client, agent };
}

async function closeClient(made: Promise<Ecs & { agent: Agent }>): Promise<void> {
  const { client, agent } = await made;
  client.destroy();
  await agent.destroy();
}

/** Looking for credentials cannot be interrupted; the transport refuses to write once this signal has fired. */
function aborted({ stop, state }: EcsSend): Promise<never> {
  const detail = `no answer within ${ANSWER_WITHIN / 1_000} s`;
  return new Promise((_resolve, reject) => {
    const end = () => reject(new NoAnswerError({ reason: "timeout", detail, retryable: true, written: state.handed }));
    if (stop.aborted) end();
    else stop.addEventListener("abort", () => setTimeout(end, 50).unref(), { once: true });
  });
}

const CODES: Readonly<Record<string, FailureReason>> = {
  AccessDeniedException: "denied",
  UnrecognizedClientException: "denied",
  InvalidSignatureException: "denied",
  ExpiredTokenException: "denied",
  ClusterNotFoundException: "not_found",
  ServiceNotFoundException: "not_found",
  ServiceNotActiveException: "not_found",
  ThrottlingException: "throttled",
  InvalidParameterException: "refused",
  ClientException: "refused",
  UnsupportedFeatureException: "refused",
  UpdateInProgressException: "conflict",
};

function ecsFailure(error: unknown, call: EcsCall<unknown>, { status }: EcsSend["state"]): ActionFailure {
  if (error instanceof NoAnswerError) return noAnswer(call.act, error.none, call.mutating);
  if (status === undefined) return unsent(error, call.act);
  if (status < 300) return notEcs(call.act, call.mutating ? "unknown" : "no");
  const { name, message } = error instanceof Error ? error : new Error("no message");
  const reason = CODES[name];
  if (reason === undefined) return statusFailure(call.act, status, { mutating: call.mutating, detail: quote(name) });
  const sent = call.mutating ? "refused" : "no";
  if (reason === "denied") return failure(reason, `${call.act}: access denied; grant ${call.permission}`, { sent });
  if (reason === "throttled")
    return failure(reason, `${call.act}: throttled by AWS; try again later`, { sent, retryable: true });
  return failure(reason, `${call.act}: ${quote(message)} (${name})`, { sent });
}

/** An answer that is not of the API: of a mutating call the effect is unknown. */
export function notEcs(act: string, sent: ActionFailure["sent"]): ActionFailure {
  return failure("bad_response", `${act}: the answer is not that of ECS; check the endpoint`, {
    sent,
    retryable: true,
  });
}

/** The SDK stopped before it made a request: no region, no credentials. Anything else is a bug and is thrown on. */
function unsent(error: unknown, act: string): ActionFailure {
  if (!(error instanceof Error)) throw error;
  if (/^Region is missing/.test(error.message))
    return failure("not_configured", `${act}: no region; set it on the ecs connection or AWS_REGION`);
  if (/Credential|Token/.test(error.name))
    return failure("not_configured", `${act}: no AWS credentials; give the task a role or set AWS_ACCESS_KEY_ID`);
  throw error;
}
