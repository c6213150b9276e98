import { GROUP } from "./keys.ts";
import { defineScript, NOW_LUA } from "./script.ts";

const ROWS_LUA = `
local function row(entry, deliveries)
  return {entry[1], deliveries, entry[2]}
end
local function deliveries_of(id)
  local pending = redis.pcall('XPENDING', P .. 'intake', '${GROUP}', id, id, 1)
  return not pending.err and pending[1] and pending[1][4] or 0
end
`;

/** consumer, idle in ms → rows of (id, deliveries, fields) taken over from consumers that did not finish. */
export const RECLAIM = defineScript(`
${NOW_LUA}
${ROWS_LUA}
local rows, cursor = {}, '0-0'
for _ = 1, 10 do
  local reply = redis.pcall('XAUTOCLAIM', P .. 'intake', '${GROUP}', A[1], A[2], cursor, 'COUNT', 16)
  if reply.err then
    if string.find(reply.err, 'NOGROUP') then return rows end
    return reply
  end
  for _, entry in ipairs(reply[2]) do
    if entry then rows[#rows + 1] = row(entry, deliveries_of(entry[1])) end
  end
  cursor = reply[1]
  if #rows > 0 or cursor == '0-0' then return rows end
end
return rows
`);

/** limit → rows of what is not assessed yet, oldest first. */
export const WAITING = defineScript(`
${NOW_LUA}
${ROWS_LUA}
local rows = {}
for k, entry in ipairs(call('XRANGE', P .. 'intake', '-', '+', 'COUNT', A[1])) do
  rows[k] = row(entry, deliveries_of(entry[1]))
end
return rows
`);

/** → entries, id of the oldest, now. The oldest's body does not leave Redis. */
export const BACKLOG = defineScript(`
${NOW_LUA}
local first = call('XRANGE', P .. 'intake', '-', '+', 'COUNT', 1)[1]
return {call('XLEN', P .. 'intake'), first and first[1] or '', now}
`);

/** idle in ms: removes consumers of processes that are gone; one with entries in hand stays, for they are its record. */
export const DROP_CONSUMERS = defineScript(`
${NOW_LUA}
local consumers = redis.pcall('XINFO', 'CONSUMERS', P .. 'intake', '${GROUP}')
if consumers.err then return 0 end
local dropped = 0
for _, info in ipairs(consumers) do
  local of = {}
  for k = 1, #info, 2 do of[info[k]] = info[k + 1] end
  if of.pending == 0 and of.idle > tonumber(A[1]) then
    call('XGROUP', 'DELCONSUMER', P .. 'intake', '${GROUP}', of.name)
    dropped = dropped + 1
  end
end
return dropped
`);
