import { CLOSE_TOLERANCE_MS } from "../episode-rule.ts";
import { defineScript, NOW_LUA } from "./script.ts";

/** Packed episode: flags, opening, opened, last seen, starts, ends, content hash, group. See `record.ts`. */
export const EPISODE_FORMAT = ">BI4ddddc8c12";
/** Packed group: digest, the source's `unsettled` counter, since when this digest, last seen. */
export const GROUP_FORMAT = ">c16I4dd";
/** One item of the argument: status and flags, starts, ends, content hash, fingerprint. See `pack.ts`. */
const ITEM_FORMAT = ">Bddc8I4c0";

/** The script's answer when it was given a digest only and that is not what the group sent last. */
export const NOT_A_REPEAT = -1;

/** The field of a source's groups that counts closings and unknowns: each makes every remembered digest invalid. */
export const UNSETTLED_FIELD = "unsettled";

/** An episode's status in the lower bits of its flags. */
export const STATUS = { firing: 0, resolved: 1, unknown: 2 } as const;
export const DOUBTFUL_FLAG = 4;
/** The `ends` slot is set: the end of a closed episode, or, while open, the end of the one before. */
export const ENDS_FLAG = 8;

/*
 * `apply` is section 14.1 for one item; `episode-rule.ts` is the same table in TypeScript for the memory twin.
 * An episode is a Lua table {flags = status, doubtful, ends, ...}; it returns whether the episode changed.
 */
const APPLY_LUA = `
local function open_new(old, item)
  return {status = 0, doubtful = old and old.ends and item.starts <= old.ends, opening = (old and old.opening or 0) + 1,
    opened = now, starts = item.starts, ends = old and old.ends, content = item.content}
end

local function still_firing(old, item)
  local cleared = old.doubtful and item.starts > old.ends
  local changed = cleared or item.content ~= old.content or old.status == 2
  if cleared then
    old.doubtful = false
    old.starts = item.starts
  end
  old.status = 0
  old.content = item.content
  return changed
end

local unsettled_by = 0
local function apply(old, item)
  local open = old and old.status ~= 1
  if item.status == 0 then
    if open then return old, still_firing(old, item) end
    return open_new(old, item), true
  end
  if not open then return nil, false end
  if item.status == 1 then
    local ends = item.ends or now
    if ends < old.opened - ${CLOSE_TOLERANCE_MS} then return nil, false end
    old.ends = ends
  elseif old.status == 2 then
    return old, false
  end
  old.status = item.status
  unsettled_by = unsettled_by + 1
  return old, true
end
`;

const RECORD_LUA = `
local function unpack_record(text)
  local flags, opening, opened, _, starts, ends, content = struct.unpack('${EPISODE_FORMAT}', text)
  return {status = flags % 4, doubtful = flags % 8 >= 4, opening = opening, opened = opened, starts = starts,
    ends = flags >= 8 and ends or nil, content = content}
end

local function pack_record(r)
  local flags = r.status + (r.doubtful and ${DOUBTFUL_FLAG} or 0) + (r.ends and ${ENDS_FLAG} or 0)
  return struct.pack('${EPISODE_FORMAT}', flags, r.opening, r.opened, now, r.starts, r.ends or 0, r.content, A[2])
end

local function items_of(packed)
  local items, fingerprints, at = {}, {}, 1
  while at <= #packed do
    local flags, starts, ends, content, fingerprint
    flags, starts, ends, content, fingerprint, at = struct.unpack('${ITEM_FORMAT}', packed, at)
    items[#items + 1] = {status = flags % 4, starts = starts, ends = flags >= 8 and ends or nil, content = content}
    fingerprints[#fingerprints + 1] = fingerprint
  end
  return items, fingerprints
end
`;

/**
 * The whole of `accept`. Arguments: source, group, digest, packed items, body; with empty items it only asks whether
 * this is a repeat. Answers how many items changed their episode, or NOT_A_REPEAT.
 */
export const ACCEPT = defineScript(`
${NOW_LUA}
local groups, episodes = P .. 'groups:' .. A[1], P .. 'episodes:' .. A[1]
local known = call('HMGET', groups, A[2], '${UNSETTLED_FIELD}')
local unsettled = tonumber(known[2] or 0)
if known[1] then
  local digest, at, since = struct.unpack('${GROUP_FORMAT}', known[1])
  if digest == A[3] and at == unsettled then
    call('HSET', groups, A[2], struct.pack('${GROUP_FORMAT}', digest, at, since, now))
    return 0
  end
end
if A[4] == '' then return ${NOT_A_REPEAT} end

${RECORD_LUA}
${APPLY_LUA}
local items, fingerprints = items_of(A[4])
local records, fresh, named, changed, count = {}, {}, {}, {}, 0
for first = 1, #items, 4000 do
  local last = math.min(first + 3999, #items)
  local texts = call('HMGET', episodes, unpack(fingerprints, first, last))
  for k = first, last do records[fingerprints[k]] = texts[k - first + 1] or nil end
end
for k = 1, #items do
  local fingerprint = fingerprints[k]
  local old = records[fingerprint]
  if type(old) == 'string' then old = unpack_record(old) end
  local record, is_changed = apply(old, items[k])
  if record then
    records[fingerprint] = record
    fresh[fingerprint] = record
  end
  if is_changed then
    count = count + 1
    if not named[fingerprint] then changed[#changed + 1] = fingerprint end
    named[fingerprint] = true
  end
end

local flat = {}
for fingerprint, record in pairs(fresh) do
  flat[#flat + 1] = fingerprint
  flat[#flat + 1] = pack_record(record)
end
for first = 1, #flat, 4000 do call('HSET', episodes, unpack(flat, first, math.min(first + 3999, #flat))) end
if unsettled_by > 0 then unsettled = call('HINCRBY', groups, '${UNSETTLED_FIELD}', unsettled_by) end
call('HSET', groups, A[2], struct.pack('${GROUP_FORMAT}', A[3], unsettled, now, now))
if count > 0 then call('XADD', P .. 'intake', '*', 's', A[1], 'c', cjson.encode(changed), 'b', A[5]) end
return count
`);
