import type { Write } from "../../core/store.ts";
import type { Instant } from "../../core/time.ts";
import { writeBody } from "../forms/index.ts";
import { sealItems, writeItem } from "../forms/items.ts";
import { expire } from "./expiry.ts";
import { docKey, ensure, type MemoryState } from "./state.ts";

type Writes = {
  [K in Write["write"]]: (
    state: MemoryState,
    write: Extract<Write, { write: K }>,
    now: Instant,
    woken: string[],
  ) => void;
};

const WRITES: Writes = {
  put: (state, { kind, id, body }) => {
    const key = docKey(kind, id);
    state.docs.set(key, { rev: (state.docs.get(key)?.rev ?? 0) + 1, json: writeBody(kind, body) });
    state.expiries.delete(`doc:${key}`);
  },
  delete: (state, { kind, id }) => void state.docs.delete(docKey(kind, id)),
  append: (state, { list, items }) => {
    const target = ensure(state.lists, list, () => []);
    for (const item of items) target.push(writeItem(list, item));
  },
  seal: (state, { list, items }) => {
    const sealed = sealItems(list, items);
    if (sealed && sealed.length === state.lists.get(list)?.length) state.lists.set(list, [...sealed]);
  },
  drop: (state, { list }) => void state.lists.delete(list),
  add: (state, { set, members }) => {
    const target = ensure(state.sets, set, () => new Set());
    for (const member of members) target.add(member);
  },
  remove: (state, { set, members }) => {
    for (const member of members) state.sets.get(set)?.delete(member);
  },
  field: (state, { hash, field, value }) => {
    if (value === null) state.hashes.get(hash)?.delete(field);
    else ensure(state.hashes, hash, () => new Map()).set(field, value);
  },
  index: (state, { index, member, score }) => void ensure(state.indexes, index, () => new Map()).set(member, score),
  unindex: (state, { index, member }) => void state.indexes.get(index)?.delete(member),
  trim: (state, { index, below }) => {
    const members = state.indexes.get(index);
    for (const [member, score] of members ?? []) if (score < below) members?.delete(member);
  },
  due: (state, { member, at }) => void state.due.set(member, at),
  undue: (state, { member }) => void state.due.delete(member),
  lock: (state, { locks, owner }) => {
    for (const lock of locks) state.locks.set(lock, owner);
  },
  unlock: (state, { locks, owner }, now, woken) => {
    for (const lock of locks.filter((one) => state.locks.get(one) === owner)) {
      woken.push(...(state.awaiting.get(lock) ?? []));
      state.locks.delete(lock);
      state.awaiting.delete(lock);
    }
    for (const member of woken) state.due.set(member, now);
  },
  await: (state, { locks, owner, member }) => {
    const held = locks.find((lock) => (state.locks.get(lock) ?? owner) !== owner);
    if (held !== undefined) ensure(state.awaiting, held, () => new Set()).add(member);
  },
  mark: (state, write, now) => void state.marks.set(write.marker, now + write.for),
  reserve: (state, { budget, id, keep }, now) => {
    const made = ensure(state.budgets, budget, () => new Map<string, Instant>());
    for (const [other, at] of made) if (at <= now - keep) made.delete(other);
    if (!made.has(id)) made.set(id, now);
  },
  unreserve: (state, { budget, id }) => void state.budgets.get(budget)?.delete(id),
  claim: (state, write, now) => {
    const until = now + write.for;
    state.claims.set(write.run, { epoch: 1, until });
    state.due.set(`run:${write.run}`, until);
  },
  release: (state, { run, epoch }) => {
    if (state.claims.get(run)?.epoch === epoch) state.claims.set(run, { epoch, until: 0 });
  },
  ack: (state, { entry }) => {
    state.entries = state.entries.filter(({ id }) => id !== entry);
  },
  expire: (state, { what, name, at }) => expire(state, { what, name, at }),
};

type Act = (state: MemoryState, write: Write, now: Instant, woken: string[]) => void;

/** Applies writes in their order; the caller has checked what must be checked. Returns what they have woken. */
export function applyAll(state: MemoryState, writes: readonly Write[], now: Instant): readonly string[] {
  const woken: string[] = [];
  for (const write of writes) (WRITES[write.write] as Act)(state, write, now, woken);
  return woken;
}
