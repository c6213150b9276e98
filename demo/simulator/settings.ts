import { createHash } from "node:crypto";

/** The gateway's runtime settings, one JSON resource. */
export type Settings = {
  /** Failed calls to the primary provider go to the fallback. */
  FALLBACK_ENABLED: boolean;
  /** Share of requests answered 429 before any provider is called, 0 to 1. */
  SHED_RATE: number;
  /** Unused by the simulator; shows that the other settings stay as they were. */
  CACHE_TTL: number;
};

export const DEFAULT_SETTINGS: Settings = { FALLBACK_ENABLED: false, SHED_RATE: 0, CACHE_TTL: 300 };

/** One accepted change, kept so that a test can count effects. */
export type SettingsChange = { at: number; before: Settings; after: Settings; key: string | undefined };

/** Result of a PUT, as an HTTP status. */
export type Stored = { status: 200 } | { status: 412 | 422; message: string };

/** One resource with an ETag: a PUT whose `If-Match` is not the present one is refused with 412. */
export type SettingsStore = {
  readonly now: Settings;
  readonly changes: readonly SettingsChange[];
  etag(): string;
  put(body: unknown, ifMatch: string | undefined, key?: string): Stored;
};

export function createSettings(initial: Settings = DEFAULT_SETTINGS): SettingsStore {
  let now = initial;
  const changes: SettingsChange[] = [];
  const etag = () => `"${createHash("sha256").update(JSON.stringify(now)).digest("hex").slice(0, 16)}"`;
  return {
    get now() {
      return now;
    },
    changes,
    etag,
    put(body, ifMatch, key) {
      if (ifMatch !== undefined && ifMatch !== "*" && ifMatch !== etag()) {
        return { status: 412, message: "the settings have changed since; read them again" };
      }
      const fault = faultOf(body);
      if (fault !== undefined) return { status: 422, message: fault };
      const after = body as Settings;
      if (JSON.stringify(after) !== JSON.stringify(now)) changes.push({ at: Date.now(), before: now, after, key });
      now = after;
      return { status: 200 };
    },
  };
}

function faultOf(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return "the body must be a JSON object";
  const unknown = Object.keys(body).find((name) => !(name in DEFAULT_SETTINGS));
  if (unknown !== undefined) return `unknown setting ${unknown}`;
  const { FALLBACK_ENABLED, SHED_RATE, CACHE_TTL } = body as Record<string, unknown>;
  if (typeof FALLBACK_ENABLED !== "boolean") return "FALLBACK_ENABLED must be true or false";
  if (typeof SHED_RATE !== "number" || !(SHED_RATE >= 0 && SHED_RATE <= 1)) return "SHED_RATE must be from 0 to 1";
  if (typeof CACHE_TTL !== "number" || CACHE_TTL < 0) return "CACHE_TTL must be a number of seconds";
  return undefined;
}
