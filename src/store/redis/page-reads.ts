import type { Store } from "../../core/store.ts";
import { readCursor, writeCursor } from "../cursor.ts";
import { keys } from "./keys.ts";
import type { Link } from "./link.ts";
import { DUE, PAGE } from "./read-scripts.ts";
import { pairsOf, textsOf } from "./replies.ts";
import { runScript } from "./script.ts";

/** Reads of sorted sets: pages of an index, ranges by score, and what is due. */
export function pageReads(link: Link): Pick<Store, "page" | "range" | "due"> {
  return {
    async page(index, { limit, cursor }) {
      const after = cursor === undefined ? undefined : readCursor(cursor);
      const place = after === undefined ? [] : [after.score, after.member];
      const names = typeof index === "string" ? [index] : index;
      const found = await Promise.all(
        names.map((name) => link.call((redis) => runScript(redis, PAGE, [name, limit + 1, ...place]))),
      );
      const rows = newestFirst(found.map((reply) => pairsOf(textsOf(reply))));
      const last = rows[limit - 1];
      const members = rows.slice(0, limit).map(({ member }) => member);
      return last && rows.length > limit ? { members, next: writeCursor(last) } : { members };
    },
    range: (index, min, max, limit) =>
      link.call((redis) => redis.zrangebyscore(keys.index(index), min, max, "LIMIT", 0, limit)),
    async due(limit) {
      const reply = await link.call((redis) => runScript(redis, DUE, [limit]));
      return pairsOf(textsOf(reply)).map(([member, at]) => ({ member, at: Number(at) }));
    },
  };
}

type Row = { member: string; score: number };

/** The rows of several pages in one order; a member that was moved while they were read may be on two of them. */
function newestFirst(pages: readonly (readonly (readonly [string, string])[])[]): readonly Row[] {
  const members = new Map(pages.flat());
  const rows = [...members].map(([member, score]) => ({ member, score: Number(score) }));
  return pages.length === 1 ? rows : rows.sort((a, b) => b.score - a.score || bytes(b.member).compare(bytes(a.member)));
}

/** Redis orders members of one score by their bytes. */
function bytes(member: string): Buffer {
  return Buffer.from(member);
}
