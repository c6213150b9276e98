import type { Claim, Committed, GuardReads, GuardValues, Store, Tx } from "../../core/store.ts";
import type { Instant, Milliseconds } from "../../core/time.ts";
import { readCursor, writeCursor } from "../cursor.ts";
import { readItems } from "../forms/items.ts";
import { EARLY, type PlainReads } from "../reads.ts";
import { holds, reservations } from "./checks.ts";
import { activePauses } from "./pauses.ts";
import { type MemoryState, nowOf, readDoc } from "./state.ts";
import { applyAll } from "./writes.ts";

/** The twin of the Redis store: each call takes effect in one tick, bodies pass through JSON as they do there. */
export function memoryStore(state: MemoryState): Store {
  const plain = { ...transactions(state), ...reads(state), ...indexReads(state), ...guardReads(state) };
  return { ...plain, guardValues: (asked) => guardValues(state, plain, asked) };
}

type Plain = Pick<Store, "pauses" | "locks" | "remaining" | "spent" | "size" | "get">;

async function guardValues(state: MemoryState, store: Plain, asked: GuardReads): Promise<GuardValues> {
  const from = (index: string, min: number): number =>
    [...(state.indexes.get(index)?.values() ?? [])].filter((score) => score >= min).length;
  return {
    pauses: await store.pauses(),
    locks: await store.locks(asked.locks),
    markers: await Promise.all(asked.markers.map(store.remaining)),
    budgets: await Promise.all(asked.budgets.map(({ budget, per }) => store.spent(budget, per))),
    sets: await Promise.all(asked.sets.map(store.size)),
    indexes: asked.indexes.map(({ index, min }) => from(index, min)),
    docs: await Promise.all(asked.docs.map(({ kind, id }) => store.get(kind, id))),
  };
}

function transactions(state: MemoryState): Pick<Store, "commit" | "claim" | "next"> {
  return {
    commit: async (tx) => commit(state, tx),
    claim: async (run, forMs, ifDue) => {
      const at = ifDue === undefined ? undefined : state.due.get(ifDue);
      return (at ?? 0) > nowOf(state) + EARLY ? undefined : claim(state, run, forMs);
    },
    async next(counter) {
      const value = (state.counters.get(counter) ?? 0) + 1;
      state.counters.set(counter, value);
      return value;
    },
  };
}

function commit(state: MemoryState, tx: Tx): Committed {
  const now = nowOf(state);
  const failed = tx.checks.find((check) => !holds(state, check, now));
  if (failed) return { ok: false, now, failed };
  const woken = applyAll(state, tx.writes, now);
  return woken.length === 0 ? { ok: true, now } : { ok: true, now, woken };
}

function claim(state: MemoryState, run: string, forMs: Milliseconds): Claim | undefined {
  const now = nowOf(state);
  const held = state.claims.get(run);
  if (held && held.until > now) return undefined;
  const taken = { epoch: (held?.epoch ?? 0) + 1, until: now + forMs };
  state.claims.set(run, taken);
  state.due.set(`run:${run}`, taken.until);
  return { run, ...taken, now };
}

function reads(state: MemoryState): PlainReads {
  return {
    now: async () => nowOf(state),
    get: async (kind, id) => readDoc(state, kind, id),
    getMany: async (kind, ids) => ids.map((id) => readDoc(state, kind, id)),
    field: async (hash, field) => fresh(state).hashes.get(hash)?.get(field),
    fields: async (hash) => Object.fromEntries(fresh(state).hashes.get(hash) ?? []),
    list: async (list, from = 0, count) => readList(state, list, { from, count }),
    length: async (list) => fresh(state).lists.get(list)?.length ?? 0,
    members: async (set) => [...(fresh(state).sets.get(set) ?? [])],
    some: async (set, count) => [...(fresh(state).sets.get(set) ?? [])].slice(0, count),
    size: async (set) => fresh(state).sets.get(set)?.size ?? 0,
    loadRun: async (run) => ({
      events: readList(state, `run:${run}`),
      inbox: readList(state, `inbox:${run}`),
      now: nowOf(state),
    }),
  };
}

function fresh(state: MemoryState): MemoryState {
  nowOf(state);
  return state;
}

function readList<T extends object>(
  state: MemoryState,
  list: string,
  part: { from: number; count?: number | undefined } = { from: 0 },
): readonly T[] {
  const end = part.count === undefined ? undefined : part.from + part.count;
  return readItems<T>(list, fresh(state).lists.get(list) ?? []).slice(part.from, end);
}

function indexReads(state: MemoryState): Pick<Store, "page" | "range" | "due"> {
  return {
    async page(index, { limit, cursor }) {
      const after = cursor === undefined ? undefined : readCursor(cursor);
      const names = typeof index === "string" ? [index] : index;
      const newestFirst = sorted(new Map(names.flatMap((name) => [...(state.indexes.get(name) ?? [])]))).reverse();
      const rest = after === undefined ? newestFirst : newestFirst.filter((row) => compare(row, after) < 0);
      const rows = rest.slice(0, limit);
      const last = rows.at(-1);
      const members = rows.map(({ member }) => member);
      return last && rest.length > limit ? { members, next: writeCursor(last) } : { members };
    },
    async range(index, min, max, limit) {
      const within = sorted(state.indexes.get(index)).filter(({ score }) => score >= min && score <= max);
      return within.slice(0, limit).map(({ member }) => member);
    },
    async due(limit) {
      const now = nowOf(state);
      const ready = sorted(state.due).filter(({ score }) => score <= now);
      return ready.slice(0, limit).map(({ member, score }) => ({ member, at: score }));
    },
  };
}

type Row = { member: string; score: number };

function sorted(members: ReadonlyMap<string, number> = new Map()): Row[] {
  return [...members].map(([member, score]) => ({ member, score })).sort(compare);
}

function compare(a: Row, b: Row): number {
  if (a.score !== b.score) return a.score - b.score;
  return a.member < b.member ? -1 : Number(a.member > b.member);
}

function guardReads(state: MemoryState): Pick<Store, "locks" | "spent" | "remaining" | "pauses"> {
  return {
    async locks(keys) {
      const held = keys.flatMap((key): [string, string][] => {
        const owner = state.locks.get(key);
        return owner === undefined ? [] : [[key, owner]];
      });
      return Object.fromEntries(held);
    },
    spent: async (budget, per: Milliseconds) => reservations(state, budget, nowOf(state) - per),
    async remaining(marker) {
      const until: Instant = state.marks.get(marker) ?? 0;
      return Math.max(0, until - nowOf(state));
    },
    pauses: async () => activePauses(state, nowOf(state)),
  };
}
