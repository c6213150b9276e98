import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import { PREFIX } from "./keys.ts";

export type Script = { lua: string; sha: string };
export type ScriptArgument = string | number | Buffer;

/** Lua that gets the key prefix as KEYS[1], which also routes it on a cluster. */
export function defineScript(lua: string): Script {
  return { lua, sha: createHash("sha1").update(lua).digest("hex") };
}

/** Runs by hash; a server that does not know it (restarted, failed over) is sent the text. Strings are UTF-8. */
export async function runScript(redis: Redis, script: Script, args: readonly ScriptArgument[]): Promise<unknown> {
  try {
    return await redis.evalsha(script.sha, 1, PREFIX, ...args);
  } catch (error) {
    if (!isUnknownScript(error)) throw error;
    return redis.eval(script.lua, 1, PREFIX, ...args);
  }
}

/** The same with binary replies. */
export async function runBinaryScript(redis: Redis, script: Script, args: readonly ScriptArgument[]): Promise<unknown> {
  try {
    return await redis.callBuffer("evalsha", script.sha, 1, PREFIX, ...args);
  } catch (error) {
    if (!isUnknownScript(error)) throw error;
    return redis.callBuffer("eval", script.lua, 1, PREFIX, ...args);
  }
}

/**
 * Sets these keys, and runs the script right behind; both, or none of them where Redis refuses the values.
 * @throws what Redis said of the first command that failed.
 */
export async function setThenRun(
  redis: Redis,
  pairs: readonly ScriptArgument[],
  [script, args]: readonly [Script, readonly ScriptArgument[]],
): Promise<unknown> {
  const byHash = await behindSet(redis, pairs, () => redis.evalsha(script.sha, 1, PREFIX, ...args));
  // Set once more as well: the keys may have been set on a server that is no longer the one.
  const answer = isUnknownScript(byHash)
    ? await behindSet(redis, pairs, () => redis.eval(script.lua, 1, PREFIX, ...args))
    : byHash;
  if (answer instanceof Error) throw answer;
  return answer;
}

/** The script's answer, or its error. */
async function behindSet(
  redis: Redis,
  pairs: readonly ScriptArgument[],
  script: () => Promise<unknown>,
): Promise<unknown> {
  const transaction = [redis.call("MULTI"), redis.call("MSET", [...pairs]), script(), redis.call("EXEC")];
  return ((await Promise.all(transaction))[3] as readonly unknown[])[1];
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.includes("NOSCRIPT");
}

/** First line of every script that needs the time: `now` in milliseconds, by Redis's clock. */
export const NOW_LUA = `
local call, P, A = redis.call, KEYS[1], ARGV
local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
`;
