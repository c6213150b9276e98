import { z } from "zod";
import { type Client, readAnswer } from "./client.ts";

/** What is read of one kind: more than a storm of 1,000 incidents leaves open. */
const MOST = 5_000;

const AnyPage = z.object({ items: z.array(z.unknown()), next: z.string().nullish() });

/** What is open of one kind, or the first 5,000 of a list; `more`: there are others that were not read. */
export type OpenItems = { items: readonly unknown[]; more: boolean };

/** Everything that is open, each kind over all its pages; in JSON it is what `status --json` prints. */
export async function readOpen(client: Client) {
  const [incidents, questions, approvals, tasks, leases, pauses] = await Promise.all([
    all(client, ["/incidents?status=open", "/incidents?status=mitigated"]),
    all(client, ["/runs?state=unknown_outcome"]),
    all(client, ["/approvals?status=pending"]),
    all(client, ["/tasks?status=open"]),
    // What could not be undone is in force like the rest, and needs somebody.
    all(client, ["/leases?status=failed", "/leases?status=reverting", "/leases?status=active"]),
    client.get("/pause"),
  ]);
  return { incidents, questions, approvals, tasks, leases, pauses };
}

async function all(client: Client, lists: readonly string[]): Promise<OpenItems> {
  const found = await Promise.all(lists.map((list) => everyPage(client, list)));
  return { items: found.flatMap(({ items }) => items), more: found.some(({ more }) => more) };
}

/** A page may be empty and not the last; a cursor that leads nowhere new ends the reading. */
async function everyPage(client: Client, list: string): Promise<OpenItems> {
  const items: unknown[] = [];
  let cursor: string | undefined;
  do {
    const after = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = readAnswer(await client.get(`${list}&limit=100${after}`), AnyPage);
    items.push(...page.items);
    const next = page.next ?? undefined;
    if (next === undefined || next === cursor) return { items, more: next !== undefined };
    cursor = next;
  } while (items.length < MOST);
  return { items, more: true };
}
