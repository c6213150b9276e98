import type { Store } from "../core/store.ts";
import type { Milliseconds } from "../core/time.ts";

/** What is read under one name: a document, a list, a set, a hash or a run. */
export type PlainReads = Pick<
  Store,
  "now" | "get" | "getMany" | "field" | "fields" | "list" | "length" | "members" | "some" | "size" | "loadRun"
>;

/** A delayed wake-up may come so much before its member is due by the store's clock. */
export const EARLY: Milliseconds = 250;
