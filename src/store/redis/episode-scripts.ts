import { UNSETTLED_FIELD } from "./accept-script.ts";
import { DOUBTFUL_FLAG, ENDS_FLAG, EPISODE_FORMAT } from "./episode-rules-script.ts";
import { defineScript, NOW_LUA } from "./script.ts";

/** source, fingerprint, source, fingerprint, ... → per pair nothing, or the packed episode and its packed group. */
export const STATES = defineScript(`
local call, P, A = redis.call, KEYS[1], ARGV
local found = {}
for k = 1, #A, 2 do
  local record = call('HGET', P .. 'episodes:' .. A[k], A[k+1])
  found[#found + 1] = record and {record, call('HGET', P .. 'groups:' .. A[k], string.sub(record, -12))}
end
return found
`);

/** back, source, fingerprint, source, fingerprint, ... → now, then per pair nothing, or record, group and documents, the latest first. */
export const LOOK = defineScript(`
${NOW_LUA}
local found, names, places = {now}, {}, {}
for k = 2, #A, 2 do
  local record = call('HGET', P .. 'episodes:' .. A[k], A[k+1])
  local row = record and {record, call('HGET', P .. 'groups:' .. A[k], string.sub(record, -12))}
  found[#found + 1] = row
  if row then
    local _, opening = struct.unpack('>BI4', record)
    for one = opening, math.max(1, opening - A[1]), -1 do
      names[#names + 1], places[#places + 1] = P .. 'doc:alert:' .. A[k] .. '-' .. A[k+1] .. '-' .. string.format('%d', one), row
    end
  end
end
if #names > 0 then
  for k, doc in ipairs(call('MGET', unpack(names))) do places[k][#places[k] + 1] = doc end
end
return found
`);

/** source, fingerprint, opening → 1 when that episode was open and is closed now. */
export const VANISH = defineScript(`
${NOW_LUA}
local key = P .. 'episodes:' .. A[1]
local record = call('HGET', key, A[2])
if not record then return 0 end
local flags, opening, opened, seen, starts, _, content, group = struct.unpack('${EPISODE_FORMAT}', record)
if flags % 4 == 1 or opening ~= tonumber(A[3]) then return 0 end
flags = 1 + ${ENDS_FLAG} + (flags % 8 >= 4 and ${DOUBTFUL_FLAG} or 0)
call('HSET', key, A[2], struct.pack('${EPISODE_FORMAT}', flags, opening, opened, seen, starts, now, content, group))
call('HINCRBY', P .. 'groups:' .. A[1], '${UNSETTLED_FIELD}', 1)
return 1
`);

/** hash, field, value, field, value, ... → how many fields still had that value and are removed. */
export const FORGET = defineScript(`
local call, A = redis.call, ARGV
local removed = 0
for k = 2, #A, 2 do
  if call('HGET', A[1], A[k]) == A[k+1] then removed = removed + call('HDEL', A[1], A[k]) end
end
return removed
`);
