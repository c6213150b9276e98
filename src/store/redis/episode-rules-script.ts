import { CLOSE_TOLERANCE_MS } from "../episode-rule.ts";

/**
 * A packed episode, 57 bytes: flags, opening, opened, last seen, starts, ends, content hash, group.
 * The scripts cut it by these places: flags 1, opening and opened 2-13, seen 14-21, starts 22-29, ends 30-37,
 * content 38-45, group 46-57; what need not change is never unpacked.
 */
export const EPISODE_FORMAT = ">BI4ddddc8c12";

/** An episode's status in the lower bits of its flags. */
export const STATUS = { firing: 0, resolved: 1, unknown: 2 } as const;
export const DOUBTFUL_FLAG = 4;
/**
 * The `ends` slot is set: the end of a closed episode, or, while open, the end of the one before. Where the source tells changes, the slot
 * of an open episode has the latest of them.
 */
export const ENDS_FLAG = 8;
/** Of an item whose source tells changes (`tellsChanges`): its `ends` slot is set and has the moment of the change. */
export const CHANGE_FLAG = 16;

/** An item's block: starts, ends and content hash as they stand in an episode. */
export const BLOCK_BYTES = 24;

/*
 * Section 14.1 for one item: from the old record and the item's block to the new record and whether that is a change.
 * `episode-rule.ts` is the same table in TypeScript for the memory twin; the conformance suite holds both to it.
 */
export const EPISODE_RULES_LUA = `
local sub, char = string.sub, string.char
local group, unsettled_by
local first_opening, seen_now = struct.pack('>BI4dd', 0, 1, now, now), struct.pack('>d', now)

local function time_at(text, place)
  return (struct.unpack('>d', text, place))
end

local function mark(old, item_flags, block)
  return item_flags >= ${CHANGE_FLAG} and sub(block, 9, 16) or sub(old, 30, 37)
end

local function is_past(old, block)
  local at = time_at(block, 9)
  return at < time_at(old, 22) or at < time_at(old, 30)
end

local function overtaken(old, opening, block)
  if opening > 0 and time_at(block, 1) >= time_at(old, 22) then return nil, false end
  local head = struct.pack('>BI4dd', 1 + ${ENDS_FLAG}, opening + 1, now, now)
  return head .. sub(block, 1, 8) .. sub(old, 30, 37) .. sub(block, 17, 24) .. group, true
end

local function opened_again(old, item_flags, block)
  local doubtful = time_at(block, 1) <= time_at(old, 30)
  local _, opening = struct.unpack('>BI4', old)
  if item_flags >= ${CHANGE_FLAG} then
    if doubtful then return overtaken(old, opening, block) end
    return struct.pack('>BI4dd', ${ENDS_FLAG}, opening + 1, now, now) .. block .. group, true
  end
  local head = struct.pack('>BI4dd', ${ENDS_FLAG} + (doubtful and ${DOUBTFUL_FLAG} or 0), opening + 1, now, now)
  return head .. sub(block, 1, 8) .. sub(old, 30, 37) .. sub(block, 17, 24) .. group, true
end

local function still_firing(old, flags, item_flags, block)
  local cleared = flags % 8 >= ${DOUBTFUL_FLAG} and time_at(block, 1) > time_at(old, 30)
  local content = sub(block, 17, 24)
  local changed = cleared or flags % 4 == 2 or content ~= sub(old, 38, 45)
  local head = char(cleared and ${ENDS_FLAG} or flags - flags % 4) .. sub(old, 2, 13) .. seen_now
  return head .. (cleared and sub(block, 1, 8) or sub(old, 22, 29)) .. mark(old, item_flags, block) .. content .. group, changed
end

local function is_end_of(old, flags, item_flags, block)
  return item_flags >= ${CHANGE_FLAG} or flags % 8 < ${DOUBTFUL_FLAG} and time_at(block, 1) >= time_at(old, 22)
end

local function closed(old, flags, item_flags, block)
  local ends = item_flags >= ${ENDS_FLAG} and time_at(block, 9) or now
  if ends < time_at(old, 6) - ${CLOSE_TOLERANCE_MS} and not is_end_of(old, flags, item_flags, block) then return nil, false end
  unsettled_by = unsettled_by + 1
  local head = char(1 + ${ENDS_FLAG} + (flags % 8 >= ${DOUBTFUL_FLAG} and ${DOUBTFUL_FLAG} or 0)) .. sub(old, 2, 13) .. seen_now
  return head .. sub(old, 22, 29) .. struct.pack('>d', ends) .. sub(old, 38, 45) .. group, true
end

local function ended(old, _, item_flags, block)
  local ends = item_flags >= ${ENDS_FLAG} and time_at(block, 9) or now
  if old and ends <= time_at(old, 30) then return nil, false end
  local head = old and sub(old, 1, 29) or struct.pack('>BI4dd', 1 + ${ENDS_FLAG}, 0, now, now) .. sub(block, 1, 8)
  return head .. struct.pack('>d', ends) .. (old and sub(old, 38) or sub(block, 17, 24) .. group), false
end

local function unknown(old, flags, item_flags, block)
  local changed = flags % 4 ~= 2
  if changed then unsettled_by = unsettled_by + 1 end
  return char(2 + flags - flags % 4) .. sub(old, 2, 13) .. seen_now .. sub(old, 22, 29) .. mark(old, item_flags, block) .. sub(old, 38, 45) .. group, changed
end

local function apply(old, item_flags, block)
  local flags = old and string.byte(old)
  local status, open = item_flags % 4, old and flags % 4 ~= 1
  if open and item_flags >= ${CHANGE_FLAG} and is_past(old, block) then return nil, false end
  if status == 0 then
    if open then return still_firing(old, flags, item_flags, block) end
    if old then return opened_again(old, item_flags, block) end
    return first_opening .. block .. group, true
  end
  if status == 1 then return (open and closed or ended)(old, flags, item_flags, block) end
  if open then return unknown(old, flags, item_flags, block) end
  return nil, false
end
`;
