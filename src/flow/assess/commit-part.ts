import { type AssessDeps, CURRENT, type Part } from "./deps.ts";

/**
 * Commits a part and wakes what it made due. Resolves to whether it took place; what it decided on had changed otherwise.
 * @throws AppError `unavailable`.
 */
export async function commitPart(deps: AssessDeps, { checks, writes, wakes }: Part): Promise<boolean> {
  if (writes.length === 0) return true;
  const { ok } = await deps.store.commit({ checks, writes });
  if (!ok) return false;
  for (const write of writes) {
    if (write.write === "field" && write.hash === CURRENT && write.value !== null)
      deps.current.set(write.field, write.value);
  }
  deps.rouse(wakes);
  return true;
}
