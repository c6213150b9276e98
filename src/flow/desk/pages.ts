import type { PageQuery } from "../../core/desk.ts";
import type { DocKind, Store } from "../../core/store.ts";
import type { Page } from "../../core/views.ts";

/** One page of documents of an index, newest first. */
export async function docPage<T extends object>(
  store: Store,
  kind: DocKind,
  index: string | readonly string[],
  query: PageQuery,
): Promise<Page<T>> {
  const page = await store.page(index, pageOptions(query));
  const found = page.members.length === 0 ? [] : await store.getMany<T>(kind, page.members);
  const items = found.flatMap((doc) => (doc ? [doc.body] : []));
  return page.next === undefined ? { items } : { items, next: page.next };
}

/** A page after a filter: reads on until it is full or the index ends, at most 20 pages. */
export async function filteredPage<T>(
  read: (query: PageQuery) => Promise<Page<T>>,
  query: PageQuery,
  keep: (item: T) => boolean,
): Promise<Page<T>> {
  const items: T[] = [];
  let cursor = query.cursor;
  for (let pages = 0; pages < 20; pages++) {
    const page = await read(cursor === undefined ? { limit: query.limit } : { limit: query.limit, cursor });
    items.push(...page.items.filter(keep));
    cursor = page.next;
    if (cursor === undefined || items.length >= query.limit) break;
  }
  return cursor === undefined ? { items } : { items, next: cursor };
}

/** The store's paging options from a query. */
export function pageOptions(query: PageQuery): { limit: number; cursor?: string } {
  return query.cursor === undefined ? { limit: query.limit } : { limit: query.limit, cursor: query.cursor };
}
