import type { SourceName } from "../../core/alert.ts";

/** What this process has learnt of a body: its group and how many alerts it carries. */
export type KnownBody = { group: string; alerts: number };

/** A small least-recently-used memory of bodies. It only saves work: Redis is asked every time. */
export type RecentDigests = {
  get(source: SourceName, digest: string): KnownBody | undefined;
  set(source: SourceName, digest: string, body: KnownBody): void;
  delete(source: SourceName, digest: string): void;
};

/** Remembers the latest `capacity` bodies, the least recently used forgotten first. */
export function recentDigests(capacity: number): RecentDigests {
  const bodies = new Map<string, KnownBody>();
  const keyOf = (source: SourceName, digest: string) => source + digest;
  const put = (key: string, body: KnownBody) => {
    bodies.delete(key);
    bodies.set(key, body);
  };
  return {
    get(source, digest) {
      const key = keyOf(source, digest);
      const body = bodies.get(key);
      if (body) put(key, body);
      return body;
    },
    set(source, digest, body) {
      put(keyOf(source, digest), body);
      if (bodies.size <= capacity) return;
      const oldest = bodies.keys().next();
      if (!oldest.done) bodies.delete(oldest.value);
    },
    delete: (source, digest) => void bodies.delete(keyOf(source, digest)),
  };
}
