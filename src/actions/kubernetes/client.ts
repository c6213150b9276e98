import type { HttpMethod, KubeConfig, RequestContext } from "@kubernetes/client-node";
import type { Agent, Dispatcher } from "undici";
import { z } from "zod";
import type { ActionContext, ActionFailure } from "../../core/action.ts";
import type { Connection } from "../../core/connection.ts";
import { failure, quote, statusFailure } from "../failure.ts";
import { jsonOf, noAnswer } from "../http/endpoint.ts";
import { openAgent } from "../http/guard.ts";
import { type Answer, send } from "../http/send.ts";
import { kubeLibrary, loadKubeConfig } from "./kube-config.ts";

/** One call of the API server. `permission` is what a person would have to grant: `patch on deployments in primarch`. */
export type KubeCall = {
  act: string;
  permission: string;
  method: "GET" | "PATCH" | "PUT" | "POST" | "DELETE";
  /** From the server's root, encoded, without the query. */
  path: string;
  query?: Readonly<Record<string, string>>;
  body?: { contentType: string; value: unknown };
  /** False for `dryRun=All` as well: it stores nothing. */
  mutating: boolean;
  limit?: number;
};

/** Content types of patches: without one of its own, the API server would read JSON Patch. */
export const STRATEGIC_MERGE = "application/strategic-merge-patch+json";
export const MERGE_PATCH = "application/merge-patch+json";

const ANSWER_WITHIN = 15_000;
const ANSWER_LIMIT = 4 * 1024 * 1024;
const LOGIN_WITHIN = 10_000;

/** `config` is read at first use, and again after its credentials were refused. */
type Client = { config?: KubeConfig | undefined; agent: Agent };
type Login = { url: URL; headers: Readonly<Record<string, string>>; dispatcher: Dispatcher | undefined };

type Context = Pick<ActionContext, "signal" | "fence">;
type Called = { ok: true; answer: Answer } | ActionFailure;

/**
 * Makes one call with the kubeconfig's credentials; the official client finds and refreshes these, while our own `send` calls the
 * fence right before the write and knows afterwards whether anything was written. Credentials that are refused may have been replaced
 * since they were read: they are read once more, as kubectl does, and nothing was done until then.
 * @throws what the fence throws, for mutating calls; nothing was sent then.
 */
export async function kubeCall(connection: Connection<"kubernetes">, ctx: Context, call: KubeCall): Promise<Called> {
  const client = connection.use(
    (): Client => ({ agent: openAgent() }),
    ({ agent }) => agent.destroy(),
  );
  const known = client.config;
  const called = await callOnce(connection, client, ctx, call);
  const isNew = known !== undefined && client.config !== known;
  return !called.ok && called.reason === "denied" && isNew ? callOnce(connection, client, ctx, call) : called;
}

async function callOnce(
  { settings }: Connection<"kubernetes">,
  client: Client,
  ctx: Context,
  call: KubeCall,
): Promise<Called> {
  const config = configOf(client, settings.context, call.act);
  if ("ok" in config) return config;
  const login = await logIn(config, call);
  if ("ok" in login) return login;
  try {
    const sent = await send({
      dispatcher: login.dispatcher ?? client.agent,
      method: call.method,
      url: login.url,
      headers: { ...login.headers, ...(call.body && { "content-type": call.body.contentType }) },
      ...(call.body && { body: JSON.stringify(call.body.value) }),
      timeout: ANSWER_WITHIN,
      signal: ctx.signal,
      limit: call.limit ?? ANSWER_LIMIT,
      ...(call.mutating && { fence: () => ctx.fence() }),
    });
    if (!sent.ok) return noAnswer(call.act, sent, call.mutating);
    if (sent.answer.status === 401 && client.config === config) client.config = undefined;
    return sent.answer.status < 300 ? sent : refused(call, sent.answer, login);
  } finally {
    // The kubeconfig's TLS settings come as a dispatcher of their own for each call.
    void login.dispatcher?.destroy();
  }
}

/** The shape of an answer that was not the expected object. */
export function notKubernetes(act: string, sent: ActionFailure["sent"]): ActionFailure {
  return failure("bad_response", `${act}: the answer is not that of an API server; check the context`, {
    sent,
    retryable: true,
  });
}

function configOf(client: Client, context: string | undefined, act: string): KubeConfig | ActionFailure {
  try {
    client.config ??= loadKubeConfig(context);
    return client.config;
  } catch {
    const wanted = context === undefined ? "no kubeconfig can be read" : `no context ${context} in the kubeconfig`;
    return failure("not_configured", `${act}: ${wanted}; check KUBECONFIG and the kubernetes connection`);
  }
}

/** Credentials may come from a plugin, which is a program of its own: it gets 10 s. */
async function logIn(config: KubeConfig, call: KubeCall): Promise<Login | ActionFailure> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("late")), LOGIN_WITHIN);
  });
  try {
    const request = requestFor(config, call);
    await Promise.race([config.applySecurityAuthentication(request), late]);
    return { url: new URL(request.getUrl()), headers: request.getHeaders(), dispatcher: request.getDispatcher() };
  } catch {
    return failure("not_configured", `${call.act}: the kubeconfig's credentials cannot be had; try kubectl with it`);
  } finally {
    clearTimeout(timer);
  }
}

function requestFor(config: KubeConfig, call: KubeCall): RequestContext {
  const server = config.getCurrentCluster()?.server.replace(/\/$/, "") ?? "";
  const { RequestContext: Context } = kubeLibrary();
  const request = new Context(`${server}${call.path}`, call.method as HttpMethod);
  for (const [name, value] of Object.entries(call.query ?? {})) request.setQueryParam(name, value);
  request.setHeaderParam("accept", "application/json");
  request.setHeaderParam("user-agent", "stanch");
  return request;
}

const Status = z.object({ kind: z.literal("Status"), message: z.string() });

/** How the API server words a missing right; quotas, webhooks and policies forbid with the same status. */
const RIGHT_MISSING = /\bcannot [a-z]+ resource\b/;

function refused(call: KubeCall, answer: Answer, login: Login): ActionFailure {
  const { act, mutating, permission } = call;
  const said = Status.safeParse(jsonOf(answer));
  const secrets = Object.values(login.headers).flatMap((value) => value.split(" "));
  const known = secrets.filter((word) => word.length >= 8);
  const detail = said.success ? quote(said.data.message, known) : "";
  const sent = mutating ? "refused" : "no";
  if (answer.status === 401) return failure("denied", `${act}: the credentials were refused`, { sent });
  if (answer.status !== 403) return statusFailure(act, answer.status, { mutating, detail });
  const isRight = !said.success || RIGHT_MISSING.test(said.data.message);
  return failure("denied", `${act}: ${isRight ? `access denied; grant ${permission}` : `forbidden (${detail})`}`, {
    sent,
  });
}
