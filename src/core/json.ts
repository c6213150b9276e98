/** JSON with sorted object keys, so that equal values have equal text; undefined members are left out as JSON does. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (isPlainObject(inner) ? sorted(inner) : inner)) ?? "null";
}

/** True for objects that JSON writes in braces. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sorted(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, value[key]]),
  );
}

/** Cuts a JSON value so that its text stays within `bytes`; what was cut is said in its place. */
export function boundJson(value: Readonly<Record<string, unknown>>, bytes: number): Readonly<Record<string, unknown>> {
  const text = JSON.stringify(value);
  if (Buffer.byteLength(text) <= bytes) return value;
  return { truncated: true, bytes: Buffer.byteLength(text), head: text.slice(0, Math.floor(bytes / 2)) };
}
