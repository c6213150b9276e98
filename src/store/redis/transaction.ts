import type { Committed, Tx } from "../../core/store.ts";
import type { Instant } from "../../core/time.ts";
import { CHECK_OPS, RUN_OPS } from "./check-ops.ts";
import { CREATE, foldChecks, foldWrites, packRun } from "./fold.ts";
import { textsOf } from "./replies.ts";
import { defineScript, NOW_LUA, type ScriptArgument } from "./script.ts";
import { WRITE_OPS } from "./write-ops.ts";

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
 * The one script behind every change. Arguments: transactions, each the number of its arguments, then how many checks, then each check
 * and each write as its name and what its row in the tables packs; alike ones may be folded into one (see `fold.ts`). Answers the time,
 * and for each transaction 0, what it has woken, the place of the first check that did not hold and how many of its run did, or the
 * words of an error; one that fails keeps no other from happening.
 */
export const TRANSACTION = defineScript(`
${NOW_LUA}
${PAUSED_LUA}
local function commit(i, last)
  local call, P, A, now, held, woken = call, P, A, now, {}, {}
  local checks = tonumber(A[i])
  i = i + 1
  for place = 1, checks do
    local op, ok, offset = A[i], false, 0
    ${dispatch({ ...CHECK_OPS, ...RUN_OPS })}
    if not ok then return {place, offset} end
  end
  while i <= last do
    local op = A[i]
    ${dispatch({ create: CREATE, ...WRITE_OPS })}
  end
  return #woken > 0 and woken or 0
end
local answers, i = {now}, 1
while i < #A do
  local last = i + A[i]
  local done, answer = pcall(commit, i + 1, last)
  if not done then answer = tostring(type(answer) == 'table' and answer.err or answer) end
  answers[#answers + 1] = answer
  i = last + 1
end
return answers
`);

function dispatch(ops: Readonly<Record<string, { lua: string }>>): string {
  const branches = Object.entries(ops).map(([name, { lua }]) => `if op == '${name}' then ${lua}`);
  return `${branches.join("\n  else")}\n  else error('unknown operation ' .. op) end`;
}

/** The flat argument list of a transaction. */
export function packTx(tx: Tx): readonly ScriptArgument[] {
  const runs = foldChecks(tx.checks);
  const args: readonly ScriptArgument[] = [runs.length];
  return args.concat(...runs.map(packRun), foldWrites(tx));
}

/** Reads the answer to one transaction back into the port's words. */
export function readCommitted(tx: Tx, now: Instant, answer: unknown): Committed {
  if (!Array.isArray(answer)) return { ok: true, now };
  const [place, offset] = answer;
  if (typeof place !== "number") return { ok: true, now, woken: textsOf(answer) };
  const failed = foldChecks(tx.checks)[place - 1]?.[Number(offset)];
  if (!failed) throw new Error(`the transaction script named a check that does not exist: ${place}`);
  return { ok: false, now, failed };
}
