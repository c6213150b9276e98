import { z } from "zod";
import type { ActionContext, ActionFailure } from "../../core/action.ts";
import { failure } from "../failure.ts";
import { jsonOf } from "../http/endpoint.ts";
import { type KubeCall, kubeCall, MERGE_PATCH, notKubernetes } from "./client.ts";
import { type Place, STEP_ANNOTATION } from "./deployment.ts";

const ConfigMap = z.object({
  metadata: z.object({
    name: z.string(),
    resourceVersion: z.string(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  data: z.record(z.string(), z.string()).default({}),
});

/** The text of one key, and the version it was read at. `mark` is the key of the step that wrote last. */
export type ConfigText = { text: string; resourceVersion: string; mark: string | undefined };

/** The same where the key may be missing: null then. */
export type ConfigKey = Omit<ConfigText, "text"> & { text: string | null };

/** Reads one key of a ConfigMap. */
export async function readConfigText(
  place: Place,
  key: string,
  ctx: ActionContext,
): Promise<{ ok: true; config: ConfigText } | ActionFailure> {
  const act = `reading configmap ${place.namespace}/${place.name}`;
  const read = await readConfigKey(place, { act, key }, ctx);
  if (!read.ok) return read;
  const { text, ...version } = read.config;
  if (text === null) return failure("not_found", `${act}: it has no key ${key}`);
  return { ok: true, config: { text, ...version } };
}

/** Reads one key of a ConfigMap, which may be missing; `act` opens the message of a failure. */
export async function readConfigKey(
  place: Place,
  { act, key }: { act: string; key: string },
  ctx: ActionContext,
): Promise<{ ok: true; config: ConfigKey } | ActionFailure> {
  const read = await call(place, ctx, {
    act,
    permission: `get on configmaps in ${place.namespace}`,
    method: "GET",
    mutating: false,
  });
  if (!read.ok) return read;
  const { metadata } = read.configMap;
  const { resourceVersion, annotations } = metadata;
  return {
    ok: true,
    config: { text: textIn(read.configMap, key), resourceVersion, mark: annotations?.[STEP_ANNOTATION] },
  };
}

/** Stores one key's text, or removes the key, if the ConfigMap has not changed since it was read; marked with the step's key. */
export async function writeConfigText(
  place: Place,
  ctx: ActionContext,
  wanted: { act: string; key: string; config: { text: string | null; resourceVersion: string } },
): Promise<{ ok: true } | ActionFailure> {
  const { act, key, config } = wanted;
  const { text, resourceVersion } = config;
  const metadata = { resourceVersion, annotations: { [STEP_ANNOTATION]: ctx.stepKey } };
  const written = await call(place, ctx, {
    act,
    permission: `patch on configmaps in ${place.namespace}`,
    method: "PATCH",
    query: { fieldManager: "stanch", ...(ctx.dryRun && { dryRun: "All" }) },
    body: { contentType: MERGE_PATCH, value: { metadata, data: { [key]: text } } },
    mutating: !ctx.dryRun,
  });
  if (!written.ok) return written;
  return textIn(written.configMap, key) === text ? { ok: true } : notKubernetes(act, ctx.dryRun ? "no" : "unknown");
}

function textIn({ data }: z.infer<typeof ConfigMap>, key: string): string | null {
  return Object.hasOwn(data, key) ? (data[key] ?? null) : null;
}

async function call(place: Place, ctx: ActionContext, request: Omit<KubeCall, "path">) {
  const { connection, namespace, name } = place;
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/${encodeURIComponent(name)}`;
  const sent = await kubeCall(connection, ctx, { ...request, path });
  if (!sent.ok) return sent;
  const parsed = ConfigMap.safeParse(jsonOf(sent.answer));
  return parsed.success
    ? { ok: true as const, configMap: parsed.data }
    : notKubernetes(request.act, request.mutating ? "unknown" : "no");
}
