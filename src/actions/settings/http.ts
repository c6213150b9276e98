import type { ActionContext, ActionFailure } from "../../core/action.ts";
import type { ConnectionSettings } from "../../core/connection.ts";
import { isPlainObject } from "../../core/json.ts";
import { inexactNumber } from "../exact.ts";
import { failure } from "../failure.ts";
import { type Call, callEndpoint, type Endpoint, httpEndpoint, jsonOf, refusal } from "../http/endpoint.ts";
import { SettingValue } from "../inputs.ts";
import type { Reading, Setting } from "./store.ts";

type Place = { endpoint: Endpoint; path: string; name: string };
type Resource = {
  body: Readonly<Record<string, unknown>>;
  etag: string | undefined;
  value: SettingValue;
  inexact: string | undefined;
};
type Read = { ok: true; resource: Resource } | ActionFailure;

const TIMEOUT = 5_000;

/** Reads one field of the JSON resource; writing puts the whole resource back with that field changed, and `If-Match` if there is an ETag. */
export async function readHttpSetting(
  settings: Extract<ConnectionSettings["settings"], { kind: "http" }>,
  { name }: Setting,
  act: string,
  ctx: ActionContext,
): Promise<{ ok: true; reading: Reading } | ActionFailure> {
  const endpoint = httpEndpoint(ctx.connections.find("http", settings.http));
  const place = { endpoint, path: settings.path, name };
  const read = await readResource(place, act, ctx);
  if (!read.ok) return read;
  const { resource } = read;
  const write: Reading["write"] = (writing, value, context) =>
    putResource(place, writing, context, changed(resource, name, value));
  const { value, etag, inexact } = resource;
  const refusal =
    inexact === undefined
      ? undefined
      : failure("refused", `${act}: ${settings.path} holds ${inexact}, which would come back rounded; change it there`);
  return { ok: true, reading: { value, conditional: etag !== undefined, refusal, write } };
}

async function readResource(place: Place, act: string, ctx: ActionContext): Promise<Read> {
  const call: Call = { act, method: "GET", path: place.path, timeout: TIMEOUT, mutating: false };
  const sent = await callEndpoint(place.endpoint, ctx, call);
  if (!sent.ok) return sent;
  const { answer } = sent;
  if (answer.status !== 200) return refusal(place.endpoint, call, answer);
  const body = answer.cut ? undefined : jsonOf(answer);
  if (!isPlainObject(body))
    return failure("bad_response", `${act}: ${place.path} did not answer a JSON object of at most 64 KiB`, {
      retryable: true,
    });
  const value = SettingValue.safeParse(Object.hasOwn(body, place.name) ? body[place.name] : null);
  if (!value.success) return failure("bad_response", `${act}: its value is neither a number, a text nor true or false`);
  const { etag } = answer.headers;
  const inexact = inexactNumber(answer.body.toString("utf8"));
  return {
    ok: true,
    resource: { body, value: value.data, etag: etag?.startsWith('"') === true ? etag : undefined, inexact },
  };
}

function changed(resource: Resource, name: string, value: SettingValue): Resource {
  const { [name]: _former, ...others } = resource.body;
  return { ...resource, value, body: value === null ? others : { ...resource.body, [name]: value } };
}

async function putResource(
  place: Place,
  act: string,
  ctx: ActionContext,
  wanted: Resource,
): Promise<{ ok: true } | ActionFailure> {
  const headers = {
    "content-type": "application/json",
    "idempotency-key": ctx.stepKey,
    ...(wanted.etag !== undefined && { "if-match": wanted.etag }),
  };
  const body = JSON.stringify(wanted.body);
  const call: Call = { act, method: "PUT", path: place.path, headers, body, timeout: TIMEOUT, mutating: true };
  const sent = await callEndpoint(place.endpoint, ctx, call);
  if (!sent.ok) return sent;
  const { answer } = sent;
  if (answer.status < 200 || answer.status > 299) return refusal(place.endpoint, call, answer);
  return tookEffect(place, act, ctx, wanted.value);
}

/** Some gateways accept a change and ignore it. An unreadable answer leaves the acceptance standing. */
async function tookEffect(
  place: Place,
  act: string,
  ctx: ActionContext,
  wanted: SettingValue,
): Promise<{ ok: true } | ActionFailure> {
  const again = await readResource(place, act, ctx);
  if (!again.ok || again.resource.value === wanted) return { ok: true };
  const message = `${act}: accepted, but its value is ${JSON.stringify(again.resource.value)} now; look at the gateway`;
  return failure("target_failed", message, { sent: "unknown" });
}
