import type { SourceName } from "../../core/alert.ts";

/** What this process has learnt of a body: its group and how many alerts it carries. */
export type KnownBody = { group: string; alerts: number };

/** A small memory of bodies, those used last. It only saves work: Redis is asked every time. */
export type RecentDigests = {
  get(source: SourceName, digest: string): KnownBody | undefined;
  set(source: SourceName, digest: string, body: KnownBody): void;
  delete(source: SourceName, digest: string): void;
};

/**
 * Remembers at most `capacity` bodies and at least the latest half as many, in two generations. Moving each body that is used to the
 * end of one Map would be slow for one that comes again and again: V8 leaves deleted entries in the chain of their key for long.
 */
export function recentDigests(capacity: number): RecentDigests {
  let young = new Map<string, KnownBody>();
  let old = new Map<string, KnownBody>();
  const keyOf = (source: SourceName, digest: string) => source + digest;
  const put = (key: string, body: KnownBody) => {
    if (young.size >= capacity / 2 && !young.has(key)) {
      old = young;
      young = new Map();
    }
    young.set(key, body);
  };
  return {
    get(source, digest) {
      const key = keyOf(source, digest);
      const body = young.get(key);
      if (body) return body;
      const aged = old.get(key);
      if (aged) put(key, aged);
      return aged;
    },
    set: (source, digest, body) => put(keyOf(source, digest), body),
    delete(source, digest) {
      const key = keyOf(source, digest);
      young.delete(key);
      old.delete(key);
    },
  };
}
