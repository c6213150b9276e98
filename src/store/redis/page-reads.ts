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
      const reply = await link.call((redis) => runScript(redis, PAGE, [index, limit + 1, ...place]));
      const rows = pairsOf(textsOf(reply)).map(([member, score]) => ({ member, score: Number(score) }));
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
