import assert from "node:assert/strict";
import { test } from "node:test";
import type { Desk } from "../../src/core/desk.ts";
import { approval, incident, startHttp, stubDesk, TOKENS, task, view } from "../http/support.ts";
import { cli } from "./support.ts";

test("in a storm status shows all that is open, an older P0 first, and says where it ends", async (t) => {
  const storm = <T extends { id: string }>(item: T, oldest: T, length: number) => {
    const newestFirst = [...Array.from({ length: length - 1 }, (_, n) => ({ ...item, id: `${item.id}-${n}` })), oldest];
    return async ({ limit, cursor = "0" }: { limit: number; cursor?: string }) => {
      const end = Number(cursor) + limit;
      return { items: newestFirst.slice(Number(cursor), end), ...(end < length && { next: String(end) }) };
    };
  };
  const incidents = storm({ ...incident, id: "inc" }, { ...incident, id: "inc-oldest", severity: "P0" as const }, 250);
  const desk: Desk = {
    ...stubDesk().desk,
    incidents: async (query) => (query.status === "open" ? incidents(query) : { items: [] }),
    incident: async (id) => ({
      ...view,
      incident: { ...incident, id, ...(id === "inc-oldest" && { severity: "P0" }) },
    }),
    approvals: storm({ ...approval, id: "apr" }, { ...approval, id: "apr-oldest" }, 130),
    tasks: storm(task, task, 5_300),
  };
  const { url } = await startHttp(t, { desk });
  const { out } = await cli(["status"], { env: { STANCH_URL: url, STANCH_API_TOKEN: TOKENS.viewer } });
  assert.match(out.split("\n")[1] ?? "", /^inc-oldest +P0/);
  assert.deepEqual([out.match(/^inc-/gm)?.length, out.match(/^apr-/gm)?.length], [250, 130]);
  assert.match(out, /there are more than these 5000; GET \/api\/v1\/tasks has all of them/);
  assert.doesNotMatch(out, /\/api\/v1\/(?:incidents|approvals)/);
});
