import { z } from "zod";
import type { ActionContext, ActionFailure } from "../../core/action.ts";
import { failure } from "../failure.ts";
import { jsonOf } from "../http/endpoint.ts";
import { type KubeCall, kubeCall, MERGE_PATCH, notKubernetes } from "./client.ts";
import type { Place } from "./deployment.ts";

const ConfigMap = z.object({
  metadata: z.object({ name: z.string(), resourceVersion: z.string() }),
  data: z.record(z.string(), z.string()).default({}),
});

/** The text of one key, and the version it was read at. */
export type ConfigText = { text: string; resourceVersion: string };

/** Reads one key of a ConfigMap. */
export async function readConfigText(
  place: Place,
  key: string,
  ctx: ActionContext,
): Promise<{ ok: true; config: ConfigText } | ActionFailure> {
  const act = `reading configmap ${place.namespace}/${place.name}`;
  const read = await call(place, ctx, {
    act,
    permission: `get on configmaps in ${place.namespace}`,
    method: "GET",
    mutating: false,
  });
  if (!read.ok) return read;
  const { data, metadata } = read.configMap;
  const text = Object.hasOwn(data, key) ? data[key] : undefined;
  if (text === undefined) return failure("not_found", `${act}: it has no key ${key}`);
  return { ok: true, config: { text, resourceVersion: metadata.resourceVersion } };
}

/** Stores one key's text if the ConfigMap has not changed since it was read. */
export async function writeConfigText(
  place: Place,
  ctx: ActionContext,
  wanted: { act: string; key: string; config: ConfigText },
): Promise<{ ok: true } | ActionFailure> {
  const { act, key, config } = wanted;
  const value = { metadata: { resourceVersion: config.resourceVersion }, data: { [key]: config.text } };
  const written = await call(place, ctx, {
    act,
    permission: `patch on configmaps in ${place.namespace}`,
    method: "PATCH",
    query: { fieldManager: "stanch", ...(ctx.dryRun && { dryRun: "All" }) },
    body: { contentType: MERGE_PATCH, value },
    mutating: !ctx.dryRun,
  });
  if (!written.ok) return written;
  return written.configMap.data[key] === config.text ? { ok: true } : notKubernetes(act, ctx.dryRun ? "no" : "unknown");
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
