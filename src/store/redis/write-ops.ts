import type { Write } from "../../core/store.ts";
import { writeBody } from "../forms/index.ts";
import { sealItems, writeItem } from "../forms/items.ts";
import { listed, type Op, packLocks } from "./check-ops.ts";
import { GROUP } from "./keys.ts";

type WriteOps = { [K in Write["write"]]: Op<Extract<Write, { write: K }>> };

/** `command(key, A[i+3]...)` over any number of arguments, in portions that fit Lua's stack. */
const variadic = (command: string, type: string): string => `
      local last = i + 2 + A[i+2]
      for k = i + 3, last, 1000 do
        call('${command}', P .. '${type}:' .. A[i+1], unpack(A, k, math.min(k + 999, last)))
      end
      i = last + 1`;

/** Before a lock's name in the hash of the locks: what waits for it, a line each. */
const WAITING = "waiting ";

const ITEMS: WriteOps["append"]["pack"] = ({ list, items }, out) => {
  out.push(list, `${items.length}`);
  for (const item of items) out.push(writeItem(list, item));
};

type Members = { set: string; members: readonly string[] };
const MEMBERS = ({ set, members }: Members, out: string[]): void => {
  out.push(set);
  listed(members, out);
};

export const WRITE_OPS: WriteOps = {
  put: {
    pack: ({ kind, id, body }, out) => out.push(kind, id, writeBody(kind, body)),
    lua: `
      local key = P .. 'doc:' .. A[i+1] .. ':' .. A[i+2]
      local rev = (string.match(call('GETRANGE', key, 0, 15), '^%d+') or 0) + 1
      call('SET', key, rev .. ' ' .. A[i+3])
      if A[i+1] == 'pause' then call('SADD', P .. 'pauses', A[i+2]) end
      i = i + 4`,
  },
  delete: {
    pack: ({ kind, id }, out) => out.push(kind, id),
    lua: `
      call('DEL', P .. 'doc:' .. A[i+1] .. ':' .. A[i+2])
      if A[i+1] == 'pause' then call('SREM', P .. 'pauses', A[i+2]) end
      i = i + 3`,
  },
  append: { pack: ITEMS, lua: variadic("RPUSH", "list") },
  seal: {
    pack: ({ list, items }, out) => {
      out.push(list);
      listed(sealItems(list, items) ?? [], out);
    },
    lua: `
      local key, last = P .. 'list:' .. A[i+1], i + 2 + A[i+2]
      if last > i + 2 and call('LLEN', key) == tonumber(A[i+2]) then
        call('DEL', key)
        for k = i + 3, last, 1000 do call('RPUSH', key, unpack(A, k, math.min(k + 999, last))) end
      end
      i = last + 1`,
  },
  drop: {
    pack: ({ list }, out) => out.push(list),
    lua: `
      call('DEL', P .. 'list:' .. A[i+1])
      i = i + 2`,
  },
  add: { pack: MEMBERS, lua: variadic("SADD", "set") },
  remove: { pack: MEMBERS, lua: variadic("SREM", "set") },
  field: {
    pack: ({ hash, field, value }, out) => out.push(hash, field, value === null ? "0" : "1", value ?? ""),
    lua: `
      local key = P .. 'hash:' .. A[i+1]
      if A[i+3] == '0' then call('HDEL', key, A[i+2]) else call('HSET', key, A[i+2], A[i+4]) end
      i = i + 5`,
  },
  index: {
    pack: ({ index, member, score }, out) => out.push(index, "2", `${score}`, member),
    lua: variadic("ZADD", "index"),
  },
  unindex: {
    pack: ({ index, member }, out) => out.push(index, member),
    lua: `
      call('ZREM', P .. 'index:' .. A[i+1], A[i+2])
      i = i + 3`,
  },
  trim: {
    pack: ({ index, below }, out) => out.push(index, `${below}`),
    lua: `
      call('ZREMRANGEBYSCORE', P .. 'index:' .. A[i+1], '-inf', '(' .. A[i+2])
      i = i + 3`,
  },
  due: {
    pack: ({ member, at }, out) => out.push(member, `${at}`),
    lua: `
      call('ZADD', P .. 'due', A[i+2], A[i+1])
      i = i + 3`,
  },
  undue: {
    pack: ({ member }, out) => out.push(member),
    lua: `
      call('ZREM', P .. 'due', A[i+1])
      i = i + 2`,
  },
  lock: {
    pack: packLocks,
    lua: `
      local last = i + 2 + A[i+2]
      for k = i + 3, last do
        if held[A[k]] ~= A[i+1] then call('HSET', P .. 'locks', A[k], A[i+1]) end
      end
      i = last + 1`,
  },
  unlock: {
    pack: packLocks,
    lua: `
      local last = i + 2 + A[i+2]
      for k = i + 3, last do
        local kept = call('HMGET', P .. 'locks', A[k], '${WAITING}' .. A[k])
        if kept[1] == A[i+1] then call('HDEL', P .. 'locks', A[k], '${WAITING}' .. A[k]) end
        if kept[1] == A[i+1] and kept[2] then
          for member in string.gmatch(kept[2], '[^\\n]+') do
            call('ZADD', P .. 'due', now, member)
            woken[#woken + 1] = member
          end
        end
        held[A[k]] = nil
      end
      i = last + 1`,
  },
  await: {
    pack: ({ locks, owner, member }, out) => {
      out.push(owner, member);
      listed(locks, out);
    },
    lua: `
      local last = i + 3 + A[i+3]
      for k = i + 4, last do
        local kept = call('HMGET', P .. 'locks', A[k], '${WAITING}' .. A[k])
        if kept[1] and kept[1] ~= A[i+1] then
          local known = kept[2] or ''
          if not string.find('\\n' .. known, '\\n' .. A[i+2] .. '\\n', 1, true) then
            call('HSET', P .. 'locks', '${WAITING}' .. A[k], known .. A[i+2] .. '\\n')
          end
          break
        end
      end
      i = last + 1`,
  },
  mark: {
    pack: (write, out) => out.push(write.marker, `${Math.round(write.for)}`),
    lua: `
      if tonumber(A[i+2]) > 0 then call('SET', P .. 'mark:' .. A[i+1], 1, 'PX', A[i+2]) else call('DEL', P .. 'mark:' .. A[i+1]) end
      i = i + 3`,
  },
  reserve: {
    pack: ({ budget, id, keep }, out) => out.push(budget, id, `${Math.round(keep)}`),
    lua: `
      local key = P .. 'budget:' .. A[i+1]
      call('ZREMRANGEBYSCORE', key, '-inf', now - A[i+3])
      call('ZADD', key, 'NX', now, A[i+2])
      if call('PTTL', key) < tonumber(A[i+3]) then call('PEXPIRE', key, A[i+3]) end
      i = i + 4`,
  },
  unreserve: {
    pack: ({ budget, id }, out) => out.push(budget, id),
    lua: `
      call('ZREM', P .. 'budget:' .. A[i+1], A[i+2])
      i = i + 3`,
  },
  claim: {
    pack: (write, out) => out.push(write.run, `${Math.round(write.for)}`),
    lua: `
      call('SET', P .. 'claim:' .. A[i+1], string.format('1 %d', now + A[i+2]))
      call('ZADD', P .. 'due', now + A[i+2], 'run:' .. A[i+1])
      i = i + 3`,
  },
  release: {
    pack: ({ run, epoch }, out) => out.push(run, `${epoch}`),
    lua: `
      local key = P .. 'claim:' .. A[i+1]
      if string.match(call('GET', key) or '', '^%d+') == A[i+2] then call('SET', key, A[i+2] .. ' 0', 'KEEPTTL') end
      i = i + 3`,
  },
  ack: {
    pack: ({ entry, aside = "" }, out) => out.push(entry, aside),
    lua: `
      redis.pcall('XACK', P .. 'intake', '${GROUP}', A[i+1])
      call('XDEL', P .. 'intake', A[i+1])
      if A[i+2] ~= '' then call('UNLINK', P .. 'body:' .. A[i+2]) end
      i = i + 3`,
  },
  expire: {
    pack: ({ what, name, at }, out) => out.push(what, name, at === null ? "" : `${Math.round(at)}`),
    lua: `
      local key = P .. A[i+1] .. ':' .. A[i+2]
      if A[i+3] == '' then call('PERSIST', key) else call('PEXPIREAT', key, A[i+3]) end
      i = i + 4`,
  },
};

/** Adds name and arguments of a write. */
export function packWrite(write: Write, out: string[]): void {
  const op = WRITE_OPS[write.write] as Op<Write>;
  out.push(write.write);
  op.pack(write, out);
}
