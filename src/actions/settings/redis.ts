import type { Redis } from "ioredis";
import type { ActionContext, ActionFailure } from "../../core/action.ts";
import type { ConnectionSettings } from "../../core/connection.ts";
import { failure } from "../failure.ts";
import type { SettingValue } from "../inputs.ts";
import { redisSession } from "../redis/session.ts";
import { readText, toText } from "./rules.ts";
import type { Reading, Setting } from "./store.ts";

/** The key's text or nil; refuses other types and does not fetch long values. */
const READ = `
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
return redis.call('GETRANGE', KEYS[1], 0, 1024)`;

/** ARGV: former text or absent (0/1, text), wanted text or absent. Sets only if the key still holds the former text; keeps its expiry. */
const COMPARE_AND_SET = `
local present = redis.call('GET', KEYS[1])
local same = (ARGV[1] == '0' and not present) or (ARGV[1] == '1' and present == ARGV[2])
if not same then return 0 end
if ARGV[3] == '0' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[4], 'KEEPTTL') end
return 1`;

/** Reads the key of one setting; writing compares and sets in one script, so nothing can change in between. */
export async function readRedisSetting(
  settings: Extract<ConnectionSettings["settings"], { kind: "redis" }>,
  { name, rule }: Setting,
  act: string,
  ctx: ActionContext,
): Promise<{ ok: true; reading: Reading } | ActionFailure> {
  const redis = ctx.connections.find("redis", settings.redis);
  const key = `${settings.prefix}${name}`;
  const read = await redisSession(redis, ctx, { act, mutating: false, call: (client) => client.eval(READ, 1, key) });
  if (!read.ok) return read;
  const text = typeof read.value === "string" ? read.value : null;
  const typed = readText(rule, text, act);
  if (!typed.ok) return typed;
  const write: Reading["write"] = async (writing, wanted, context) => {
    const call = { act: writing, mutating: true, call: compareAndSet(key, text, wanted) };
    const set = await redisSession(redis, context, call);
    if (!set.ok) return set;
    return set.value === 1
      ? { ok: true }
      : failure("conflict", `${writing}: it changed meanwhile`, { sent: "refused" });
  };
  return { ok: true, reading: { value: typed.value, conditional: true, write } };
}

function compareAndSet(key: string, former: string | null, wanted: SettingValue) {
  const [before, after] = [former, toText(wanted)].map((text) => (text === null ? ["0", ""] : ["1", text]));
  return (client: Redis) => client.eval(COMPARE_AND_SET, 1, key, ...(before ?? []), ...(after ?? []));
}
