import type { ActionContext, ActionFailure } from "../../core/action.ts";
import type { ConnectionSettings } from "../../core/connection.ts";
import { readConfigKey, writeConfigText } from "../kubernetes/config-map.ts";
import { placeOf } from "../kubernetes/deployment.ts";
import { readText, toText } from "./rules.ts";
import type { Reading, Setting } from "./store.ts";

/** Reads one key of a ConfigMap; writing carries the version that was read, and a removed setting removes its key. */
export async function readConfigMapSetting(
  settings: Extract<ConnectionSettings["settings"], { kind: "configmap" }>,
  { name: key, rule }: Setting,
  act: string,
  ctx: ActionContext,
): Promise<{ ok: true; reading: Reading } | ActionFailure> {
  const place = placeOf({ connection: settings.kubernetes, name: settings.name }, ctx.connections);
  const read = await readConfigKey(place, { act, key }, ctx);
  if (!read.ok) return read;
  const { text, mark, resourceVersion } = read.config;
  const typed = readText(rule, text, act);
  if (!typed.ok) return typed;
  const write: Reading["write"] = async (writing, value, context) => {
    const config = { text: toText(value), resourceVersion };
    const written = await writeConfigText(place, context, { act: writing, key, config });
    // The version counts every key of the ConfigMap: the race may be over another one.
    return !written.ok && written.reason === "conflict" ? { ...written, retryable: true } : written;
  };
  return { ok: true, reading: { value: typed.value, conditional: true, rehearses: true, mark, write } };
}
