import { EARLY } from "../reads.ts";
import { defineScript, NOW_LUA } from "./script.ts";
import { PAUSED_LUA } from "./transaction.ts";

/** run, length in ms, member or nothing → nothing while another holds it or the member is due later, else epoch, until, now. */
export const CLAIM = defineScript(`
${NOW_LUA}
if A[3] and tonumber(call('ZSCORE', P .. 'due', A[3]) or 0) > now + ${EARLY} then return false end
local key = P .. 'claim:' .. A[1]
local epoch, till = string.match(call('GET', key) or '0 0', '^(%d+) (%d+)$')
if tonumber(till) > now then return false end
epoch = epoch + 1
till = now + A[2]
call('SET', key, string.format('%d %d', epoch, till))
call('ZADD', P .. 'due', till, 'run:' .. A[1])
return {epoch, till, now}
`);

/** run → journal, inbox, now. */
export const LOAD_RUN = defineScript(`
${NOW_LUA}
return {call('LRANGE', P .. 'list:run:' .. A[1], 0, -1), call('LRANGE', P .. 'list:inbox:' .. A[1], 0, -1), now}
`);

/** limit → member, score, member, score, ... */
export const DUE = defineScript(`
${NOW_LUA}
return call('ZRANGEBYSCORE', P .. 'due', '-inf', now, 'WITHSCORES', 'LIMIT', 0, A[1])
`);

/** budget, window in ms → how many. */
export const SPENT = defineScript(`
${NOW_LUA}
return call('ZCOUNT', P .. 'budget:' .. A[1], '(' .. (now - A[2]), '+inf')
`);

/** `found_pauses()` gives scope, document, scope, document, ... of what is paused now. */
export const PAUSES_LUA = `
${PAUSED_LUA}
local function found_pauses()
  local found = {}
  local scopes = call('SMEMBERS', P .. 'pauses')
  table.sort(scopes)
  for _, scope in ipairs(scopes) do
    local doc = redis.pcall('GET', P .. 'doc:pause:' .. scope)
    if paused(doc) then
      found[#found + 1] = scope
      found[#found + 1] = type(doc) == 'string' and doc or ''
    end
  end
  return found
end
`;

/** → scope, document, scope, document, ... of what is paused now. */
export const PAUSES = defineScript(`
${NOW_LUA}
${PAUSES_LUA}
return found_pauses()
`);

/**
 * index, limit, and where the last page ended (score, member; both empty at first) → members with scores.
 * When the last member is gone, a placeholder right above its place finds the rank; it is removed in the same script.
 */
export const PAGE = defineScript(`
local call, A = redis.call, ARGV
local key, start = KEYS[1] .. 'index:' .. A[1], 0
if A[4] then
  local score = call('ZSCORE', key, A[4])
  if score and tonumber(score) == tonumber(A[3]) then
    start = call('ZREVRANK', key, A[4]) + 1
  else
    local placeholder = A[4] .. '\\0'
    call('ZADD', key, A[3], placeholder)
    start = call('ZREVRANK', key, placeholder)
    call('ZREM', key, placeholder)
  end
end
return call('ZREVRANGE', key, start, start + A[2] - 1, 'WITHSCORES')
`);
