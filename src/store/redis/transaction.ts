import type { Committed, Tx } from "../../core/store.ts";
import type { Instant } from "../../core/time.ts";
import { CHECK_OPS, RUN_OPS } from "./check-ops.ts";
import { CREATE, foldChecks, packRun, packWrites } from "./fold.ts";
import { textsOf } from "./replies.ts";
import { defineScript, NOW_LUA } from "./script.ts";
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
 * The one script behind every change. Arguments: transactions, each the JSON of a list of texts, since the client and Redis spend more on
 * an argument than on its bytes: how many checks, then each check and each write as its name and what its row in the tables packs; alike
 * ones may be folded into one (see `fold.ts`). Answers the time, and for each transaction 0, what it has woken, the place of the first
 * check that did not hold and how many of its run did, or the words of an error; one that fails keeps no other from happening.
 */
export const TRANSACTION = defineScript(`
${NOW_LUA}
${PAUSED_LUA}
local function commit(text)
  local call, P, A, now, held, woken = call, P, cjson.decode(text), now, {}, {}
  local checks, i, last = tonumber(A[1]), 2, #A
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
local answers = {now}
for k = 1, #A do
  local done, answer = pcall(commit, A[k])
  if not done then answer = tostring(type(answer) == 'table' and answer.err or answer) end
  answers[k + 1] = answer
end
return answers
`);

function dispatch(ops: Readonly<Record<string, { lua: string }>>): string {
  const branches = Object.entries(ops).map(([name, { lua }]) => `if op == '${name}' then ${lua}`);
  return `${branches.join("\n  else")}\n  else error('unknown operation ' .. op) end`;
}

/** A transaction as its argument of the script. */
export function packTx(tx: Tx): string {
  const runs = foldChecks(tx.checks);
  const texts = [`${runs.length}`];
  for (const run of runs) packRun(run, texts);
  packWrites(tx, texts);
  const json = JSON.stringify(texts);
  // Half a character is written as an escape, which Lua's JSON refuses; as UTF-8 it would be the replacement character.
  return json.includes("\\ud") ? JSON.stringify(texts.map((text) => text.toWellFormed())) : json;
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
