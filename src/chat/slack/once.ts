/** So many keys are remembered; a double click comes within seconds. */
const REMEMBERED = 500;

/** Answers true the first time that it is asked about a key, for the last 500 keys; without a key always. */
export function createOnce(): (key: string | undefined) => boolean {
  const seen = new Set<string>();
  return (key) => {
    if (key === undefined) return true;
    if (seen.has(key)) return false;
    seen.add(key);
    const [oldest] = seen;
    if (seen.size > REMEMBERED && oldest !== undefined) seen.delete(oldest);
    return true;
  };
}
