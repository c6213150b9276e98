import type { Committed, Tx } from "../../core/store.ts";
import { CHECK_OPS, RUN_OPS } from "./check-ops.ts";
import { foldChecks, foldWrites, packRun } from "./fold.ts";
import { textsOf } from "./replies.ts";
import { defineScript, NOW_LUA, type ScriptArgument } from "./script.ts";
import { CREATE, WRITE_OPS } from "./write-ops.ts";

/** Shared by the transaction and the list of pauses: a pause document that cannot be read counts as a pause. */
export const PAUSED_LUA = `
local function paused(doc)
  if not doc then return false end
  if type(doc) ~= 'string' then return true end
  local readable, body = pcall(cjson.decode, string.match(doc, '^%d+ (.*)$') or '')
  if not readable or type(body) ~= 'table' then return true end
  return type(body['until']) ~= 'number' or body['until'] > now
end
`;

/**
 * The one script behind every change. Arguments: how many checks, then each check and each write as its name and what
 * its row in the tables packs; alike ones may be folded into one (see `fold.ts`). Answers the time, or the time, the place of the first
 * check that did not hold and how many of its run did; 0 instead of the place, and then what it has woken.
 */
export const TRANSACTION = defineScript(`
${NOW_LUA}
${PAUSED_LUA}
local i, held, woken = 2, {}, {}
for place = 1, tonumber(A[1]) do
  local op, ok, offset = A[i], false, 0
  ${dispatch({ ...CHECK_OPS, ...RUN_OPS })}
  if not ok then return {now, place, offset} end
end
while i <= #A do
  local op = A[i]
  ${dispatch({ create: CREATE, ...WRITE_OPS })}
end
if #woken > 0 then return {now, 0, woken} end
return now
`);

function dispatch(ops: Readonly<Record<string, { lua: string }>>): string {
  const branches = Object.entries(ops).map(([name, { lua }]) => `if op == '${name}' then ${lua}`);
  return `${branches.join("\n  else")}\n  else error('unknown operation ' .. op) end`;
}

/** The flat argument list of a transaction. */
export function packTx(tx: Tx): readonly ScriptArgument[] {
  const runs = foldChecks(tx.checks);
  return [runs.length, ...runs.flatMap(packRun), ...foldWrites(tx)];
}

/** Reads the script's answer back into the port's words. */
export function readCommitted(tx: Tx, reply: unknown): Committed {
  if (!Array.isArray(reply)) return { ok: true, now: Number(reply) };
  const now = Number(reply[0]);
  if (Number(reply[1]) === 0) return { ok: true, now, woken: textsOf(reply[2]) };
  const failed = foldChecks(tx.checks)[Number(reply[1]) - 1]?.[Number(reply[2])];
  if (!failed) throw new Error(`the transaction script named a check that does not exist: ${reply[1]}`);
  return { ok: false, now, failed };
}
