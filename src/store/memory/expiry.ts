import type { Write } from "../../core/store.ts";
import type { MemoryState } from "./state.ts";

type Expire = Extract<Write, { write: "expire" }>;

/** Plans the removal of what exists under the name; like PEXPIREAT it does nothing to what does not exist. */
export function expire(state: MemoryState, { what, name, at }: Omit<Expire, "write">): void {
  const key = `${what}:${name}`;
  const holder = holderOf(state, what);
  if (at === null || !holder.has(name)) state.expiries.delete(key);
  else state.expiries.set(key, { at, remove: () => holder.delete(name) });
}

function holderOf(state: MemoryState, what: Expire["what"]): Map<string, unknown> {
  switch (what) {
    case "doc":
      return state.docs;
    case "list":
      return state.lists;
    case "set":
      return state.sets;
    case "hash":
      return state.hashes;
    case "claim":
      return state.claims;
    default:
      return what satisfies never;
  }
}
