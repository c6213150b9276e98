import type { Store } from "../core/store.ts";

/** What is read under one name: a document, a list, a set, a hash or a run. */
export type PlainReads = Pick<
  Store,
  "now" | "get" | "getMany" | "field" | "fields" | "list" | "length" | "members" | "some" | "size" | "loadRun"
>;
