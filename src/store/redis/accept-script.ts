import { BLOCK_BYTES, EPISODE_RULES_LUA } from "./episode-rules-script.ts";
import { defineScript, NOW_LUA } from "./script.ts";

/** Packed group: digest, the source's `unsettled` counter, since when this digest, last seen. */
export const GROUP_FORMAT = ">c16I4dd";
/** What the argument begins with (see `pack.ts`): whether the body was laid aside, source, group, digest. */
const KEY_FORMAT = ">BBc0c12c16";
/** The head of the items after it: how many, whether their fingerprints are distinct. */
const HEAD_FORMAT = ">I4B";
export const HEAD_BYTES = 5;
/** The script's answer when it was given a digest only and that is not what the group sent last. */
export const NOT_A_REPEAT = -1;

/** The field of a source's groups that counts closings and unknowns: each makes every remembered digest invalid. */
export const UNSETTLED_FIELD = "unsettled";

/** How many items are read, fetched and written at one go: Lua's stack takes 8000 values. */
const CHUNK = 2000;

/**
 * One body: reads its items, compares them and writes, a chunk at a time. Most alerts of a storm are new, so for those nothing is
 * called and nothing is cut. Where a fingerprint comes twice, `latest` has what the former one left. The
 * entry's field `f` is 1 when all are new ones.
 */
const BODY_LUA = `
local rep, byte, reader = string.rep, string.byte, struct.unpack

local function compare_chunk(keys, flags, blocks, episodes, latest)
  local stored, flat, same, used, new = call('HMGET', episodes, unpack(keys)), {}, {}, 0, 0
  for k = 1, #keys do
    local fingerprint = keys[k]
    local old, record, changed = latest and latest[fingerprint] or stored[k], nil, true
    if not old and flags[k] % 4 == 0 then
      record, new = first_opening .. blocks[k] .. group, new + 1
    else
      record, changed = apply(old or nil, flags[k], blocks[k])
    end
    if record then
      flat[used + 1], flat[used + 2], used = fingerprint, record, used + 2
      if latest then latest[fingerprint] = record end
    end
    if not changed then same[#same + 1] = k end
  end
  if used > 0 then call('HSET', episodes, unpack(flat)) end
  return same, new
end

local function names_without(same, keys, changed)
  local next_same = 1
  for k = 1, #keys do
    if same[next_same] == k then next_same = next_same + 1 else changed[#changed + 1] = keys[k] end
  end
end

local function accept_items(packed, at, episodes)
  local n, distinct, flags_at = reader('${HEAD_FORMAT}', packed, at)
  local block_at, latest, count, all_new, chunks = flags_at + n, distinct == 0 and {} or nil, 0, 0, {}
  local text_at = block_at + n * ${BLOCK_BYTES}
  for first = 1, n, ${CHUNK} do
    local size = math.min(${CHUNK}, n - first + 1)
    local keys = { reader('>' .. rep('I4c0', size), packed, text_at) }
    text_at, keys[size + 1] = keys[size + 1], nil
    local flags = { byte(packed, flags_at + first - 1, flags_at + first + size - 2) }
    local blocks = { reader(rep('c${BLOCK_BYTES}', size), packed, block_at + (first - 1) * ${BLOCK_BYTES}) }
    local same, new = compare_chunk(keys, flags, blocks, episodes, latest)
    count, all_new = count + size - #same, all_new + new
    chunks[#chunks + 1] = { keys = keys, same = same }
  end
  if count == n then return count, sub(packed, text_at), all_new == n end
  local changed = {}
  for _, chunk in ipairs(chunks) do names_without(chunk.same, chunk.keys, changed) end
  return count, count > 0 and cjson.encode(changed), false
end

local function enqueue(source, names, is_first, body, aside)
  local first = is_first and '1' or '0'
  if aside then
    call('XADD', P .. 'intake', '*', 's', source, 'c', names, 'f', first, 'a', aside)
  else
    call('XADD', P .. 'intake', '*', 's', source, 'c', names, 'f', first, 'b', body)
  end
end

local function accept(packed, body, aside)
  local _, source, digest, at
  _, source, group, digest, at = struct.unpack('${KEY_FORMAT}', packed)
  local groups = P .. 'groups:' .. source
  local known = call('HMGET', groups, group, '${UNSETTLED_FIELD}')
  local unsettled = tonumber(known[2] or 0)
  if known[1] then
    local last_digest, then_unsettled, since = struct.unpack('${GROUP_FORMAT}', known[1])
    if last_digest == digest and then_unsettled == unsettled then
      call('HSET', groups, group, struct.pack('${GROUP_FORMAT}', digest, unsettled, since, now))
      return 0
    end
  end
  if at > #packed then return ${NOT_A_REPEAT} end
  unsettled_by = 0
  local count, names, is_first = accept_items(packed, at, P .. 'episodes:' .. source)
  if unsettled_by > 0 then unsettled = call('HINCRBY', groups, '${UNSETTLED_FIELD}', unsettled_by) end
  call('HSET', groups, group, struct.pack('${GROUP_FORMAT}', digest, unsettled, now, now))
  if count > 0 then enqueue(source, names, is_first, body, aside) end
  return count
end
`;

/** The entry names the body that was laid aside; one that is not needed goes. */
const ASIDE_LUA = `
local function accept_aside(packed, aside)
  local count = accept(packed, nil, aside)
  if count <= 0 then call('UNLINK', P .. 'body:' .. aside) end
  return count
end
`;

/**
 * The whole of `accept`, for several bodies in their order. Arguments: per body its key and items packed, and the body, or the name
 * under which it was laid aside; without items it only asks whether this is a repeat. Answers for each how many items changed their
 * episode, or NOT_A_REPEAT.
 */
export const ACCEPT = defineScript(`
${NOW_LUA}
${EPISODE_RULES_LUA}
${BODY_LUA}
${ASIDE_LUA}
local answers = {}
for k = 1, #A, 2 do
  answers[#answers + 1] = (byte(A[k]) == 1 and accept_aside or accept)(A[k], A[k + 1])
end
return answers
`);
