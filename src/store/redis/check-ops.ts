import type { Check } from "../../core/store.ts";

/**
 * How a check or a write travels and what it does: `pack` adds its arguments, all of them texts, `lua` reads them as A[i+1], A[i+2], ...
 * (`call`, `P` the prefix and `now` are there), and moves `i` to the next operation.
 */
export type Op<T> = { pack(op: T, out: string[]): void; lua: string };

/** Adds how many there are, then each of them. */
export function listed(items: readonly string[], out: string[]): void {
  out.push(`${items.length}`);
  for (const item of items) out.push(item);
}

/** Adds whose they are to be, and the locks. */
export function packLocks({ locks, owner }: { locks: readonly string[]; owner: string }, out: string[]): void {
  out.push(owner);
  listed(locks, out);
}

/** Reads who has these locks: `taken`, whether one of them is another's, and `held` for the writes. */
const READ_LOCKS = `
      local last, taken = i + 2 + A[i+2], false
      for k = i + 3, last do
        local holder = call('HGET', P .. 'locks', A[k])
        if holder and holder ~= A[i+1] then taken = true end
        held[A[k]] = holder
      end
      i = last + 1`;

type CheckOps = { [K in Check["check"]]: Op<Extract<Check, { check: K }>> };

/** Each sets `ok`. */
export const CHECK_OPS: CheckOps = {
  rev: {
    pack: ({ kind, id, rev }, out) => out.push(`${kind}:${id}`, `${rev}`),
    lua: `
      ok = (string.match(call('GETRANGE', P .. 'doc:' .. A[i+1], 0, 15), '^%d+') or '0') == A[i+2]
      i = i + 3`,
  },
  first: {
    pack: ({ source, fingerprint }, out) => out.push(source, fingerprint),
    lua: `
      local record = call('HGET', P .. 'episodes:' .. A[i+1], A[i+2])
      ok = record and string.byte(record) % 8 == 0 and string.sub(record, 2, 5) == string.char(0, 0, 0, 1)
      i = i + 3`,
  },
  length: {
    pack: ({ list, is }, out) => out.push(list, `${is}`),
    lua: `
      ok = call('LLEN', P .. 'list:' .. A[i+1]) == tonumber(A[i+2])
      i = i + 3`,
  },
  field: {
    pack: ({ hash, field, is }, out) => out.push(hash, field, is === null ? "0" : "1", is ?? ""),
    lua: `
      local value = call('HGET', P .. 'hash:' .. A[i+1], A[i+2])
      if A[i+3] == '0' then ok = not value else ok = value == A[i+4] end
      i = i + 5`,
  },
  free: {
    pack: packLocks,
    lua: `${READ_LOCKS}
      ok = not taken`,
  },
  held: {
    pack: packLocks,
    lua: `${READ_LOCKS}
      ok = taken`,
  },
  unpaused: {
    pack: ({ scopes }, out) => listed(scopes, out),
    lua: `
      local last = i + 1 + A[i+1]
      ok = true
      local any = call('SCARD', P .. 'pauses') > 0
      for k = i + 2, last do
        if (any or A[k] == 'global') and paused(redis.pcall('GET', P .. 'doc:pause:' .. A[k])) then ok = false end
      end
      i = last + 1`,
  },
  elapsed: {
    pack: ({ marker }, out) => out.push(marker),
    lua: `
      ok = call('EXISTS', P .. 'mark:' .. A[i+1]) == 0
      i = i + 2`,
  },
  under: {
    pack: ({ budget, id, limit, per }, out) => out.push(budget, id, `${limit}`, `${per}`),
    lua: `
      local key, since = P .. 'budget:' .. A[i+1], now - A[i+4]
      local own = call('ZSCORE', key, A[i+2])
      local count = call('ZCOUNT', key, '(' .. since, '+inf')
      if own and tonumber(own) > since then count = count - 1 end
      ok = count < tonumber(A[i+3])
      i = i + 5`,
  },
  below: {
    pack: ({ set, member, limit }, out) => out.push(set, member, `${limit}`),
    lua: `
      local key = P .. 'set:' .. A[i+1]
      ok = call('SCARD', key) - call('SISMEMBER', key, A[i+2]) < tonumber(A[i+3])
      i = i + 4`,
  },
  empty: {
    pack: ({ set }, out) => out.push(set),
    lua: `
      ok = call('SCARD', P .. 'set:' .. A[i+1]) == 0
      i = i + 2`,
  },
  claim: {
    pack: ({ run, epoch }, out) => out.push(run, `${epoch}`),
    lua: `
      local epoch, till = string.match(call('GET', P .. 'claim:' .. A[i+1]) or '', '^(%d+) (%d+)$')
      ok = epoch == A[i+2] and till ~= '0'
      i = i + 3`,
  },
};

type Docs = readonly Extract<Check, { check: "rev" }>[];
type Firsts = readonly Extract<Check, { check: "first" }>[];

/** Of many alike checks at one go (see `fold.ts`): each sets `ok`, and `offset` to the place of the first that does not hold. */
export const RUN_OPS: { absent: Op<Docs>; firsts: Op<Firsts> } = {
  absent: {
    pack(checks, out) {
      out.push(`${checks.length}`);
      for (const { kind, id } of checks) out.push(`${kind}:${id}`);
    },
    lua: `
      local last = i + 1 + A[i+1]
      ok = true
      for k = i + 2, last do A[k] = P .. 'doc:' .. A[k] end
      for k = i + 2, last, 1000 do
        if call('EXISTS', unpack(A, k, math.min(k + 999, last))) > 0 then ok = false end
      end
      for k = i + 2, ok and 0 or last do
        if call('EXISTS', A[k]) == 1 then offset = k - i - 2 break end
      end
      i = last + 1`,
  },
  firsts: {
    pack(checks, out) {
      out.push(checks[0]?.source ?? "", `${checks.length}`);
      for (const { fingerprint } of checks) out.push(fingerprint);
    },
    lua: `
      local last, opening = i + 2 + A[i+2], string.char(0, 0, 0, 1)
      ok = true
      for k = i + 3, last, 1000 do
        for n, record in ipairs(call('HMGET', P .. 'episodes:' .. A[i+1], unpack(A, k, math.min(k + 999, last)))) do
          if ok and not (record and string.byte(record) % 8 == 0 and string.sub(record, 2, 5) == opening) then
            ok, offset = false, k - i - 4 + n
          end
        end
      end
      i = last + 1`,
  },
};
