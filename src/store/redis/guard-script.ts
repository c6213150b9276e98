import type { GuardReads, GuardValues } from "../../core/store.ts";
import type { Link } from "./link.ts";
import { PAUSES_LUA } from "./read-scripts.ts";
import { countOf, docOf, pairsOf, pauseOf, textsOf } from "./replies.ts";
import { defineScript, NOW_LUA, runScript } from "./script.ts";

/** JSON of the reads → one list per kind, in the order asked; what is absent is an empty string. */
const GUARD_VALUES = defineScript(`
${NOW_LUA}
${PAUSES_LUA}
local asked = cjson.decode(A[1])
local function each(list, read)
  local found = {}
  for index, item in ipairs(list) do found[index] = read(item) or '' end
  return found
end
return {
  found_pauses(),
  each(asked.locks, function(name) return call('HGET', P .. 'locks', name) end),
  each(asked.markers, function(name) return call('PTTL', P .. 'mark:' .. name) end),
  each(asked.budgets, function(one) return call('ZCOUNT', P .. 'budget:' .. one.budget, '(' .. (now - one.per), '+inf') end),
  each(asked.sets, function(name) return call('SCARD', P .. 'set:' .. name) end),
  each(asked.indexes, function(one) return call('ZCOUNT', P .. 'index:' .. one.index, one.min, '+inf') end),
  each(asked.docs, function(one) return call('GET', P .. 'doc:' .. one.kind .. ':' .. one.id) end),
}
`);

/** Everything the guards of one step look at, in one round trip. */
export async function guardValues(link: Link, reads: GuardReads): Promise<GuardValues> {
  const reply = await link.call((redis) => runScript(redis, GUARD_VALUES, [JSON.stringify(reads)]));
  const [pauses, locks, markers, budgets, sets, indexes, docs] = Array.isArray(reply) ? reply : [];
  const owners = textsOf(locks);
  const stored = textsOf(docs);
  return {
    pauses: pairsOf(textsOf(pauses)).map(([scope, doc]) => pauseOf(scope, doc)),
    locks: Object.fromEntries(reads.locks.flatMap((name, at) => (owners[at] ? [[name, owners[at]]] : []))),
    markers: numbersOf(markers).map((left) => Math.max(0, left)),
    budgets: numbersOf(budgets),
    sets: numbersOf(sets),
    indexes: numbersOf(indexes),
    docs: reads.docs.map(({ kind }, at) => docOf(kind, stored[at] || undefined)),
  };
}

function numbersOf(reply: unknown): readonly number[] {
  return Array.isArray(reply) ? reply.map(countOf) : [];
}
