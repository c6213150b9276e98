import type { Store, Tx } from "../../src/core/store.ts";

/** A store in which something else happens just before the first commit that is meant. */
export function racing(
  isMeant: (tx: Tx) => boolean,
  meanwhile: (store: Store) => Promise<unknown>,
): (store: Store) => Store {
  let raced = false;
  return (store) => ({
    ...store,
    async commit(tx) {
      if (!raced && isMeant(tx)) {
        raced = true;
        await meanwhile(store);
      }
      return store.commit(tx);
    },
  });
}

/** Whether a commit puts a document of this kind that is so. */
export function puts<T>(tx: Tx, kind: string, isSo: (body: T) => boolean): boolean {
  return tx.writes.some((write) => write.write === "put" && write.kind === kind && isSo(write.body as T));
}
