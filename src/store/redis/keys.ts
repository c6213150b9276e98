/** Every key starts with it; the braces put them all into one slot of a Redis Cluster, so that scripts may touch several. */
export const PREFIX = "{stanch}:";

/** The assessment stream and its consumer group. */
export const STREAM = `${PREFIX}intake`;
export const GROUP = "assess";

/** Full names of the keys that are also read without a script; the scripts build the same names from the prefix. */
export const keys = {
  doc: (kind: string, id: string) => `${PREFIX}doc:${kind}:${id}`,
  list: (name: string) => `${PREFIX}list:${name}`,
  set: (name: string) => `${PREFIX}set:${name}`,
  hash: (name: string) => `${PREFIX}hash:${name}`,
  index: (name: string) => `${PREFIX}index:${name}`,
  mark: (name: string) => `${PREFIX}mark:${name}`,
  counter: (name: string) => `${PREFIX}counter:${name}`,
  locks: `${PREFIX}locks`,
  /** A large body under the name that its entry has for it. */
  body: (name: string) => `${PREFIX}body:${name}`,
  /** Packed episode per fingerprint, and packed digest per group, of one source. */
  episodes: (source: string) => `${PREFIX}episodes:${source}`,
  groups: (source: string) => `${PREFIX}groups:${source}`,
} as const;
