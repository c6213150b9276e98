import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { it } from "node:test";
import { createBodyGate } from "../../src/http/large-bodies.ts";
import { startHooks } from "./hooks.ts";

const MEGABYTE = 1024 * 1024;

/** The status line of the answer to a call whose body never comes. */
async function statusWithoutBody(port: number, path: string, headers: readonly string[]): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write([`POST ${path} HTTP/1.1`, "host: x", ...headers, "", "1\r\n{\r\n"].join("\r\n"));
  const [chunk] = (await once(socket, "data", { signal: AbortSignal.timeout(2_000) })) as [Buffer];
  socket.destroy();
  return chunk.toString().split("\r\n")[0] ?? "";
}

it("a large body of somebody without the credentials is refused before it is read, and counted", async (t) => {
  const { port, counted } = await startHooks(t);
  const large = "content-length: 9000000";
  const wrong = await statusWithoutBody(port, "/webhooks/alertmanager", [large, "authorization: Bearer wrong"]);
  assert.equal(wrong, "HTTP/1.1 401 Unauthorized");
  const chunked = await statusWithoutBody(port, "/webhooks/alertmanager", ["transfer-encoding: chunked"]);
  assert.equal(chunked, "HTTP/1.1 401 Unauthorized");
  assert.equal(await statusWithoutBody(port, "/webhooks/nagios", [large]), "HTTP/1.1 404 Not Found");
  assert.ok(await counted('stanch_webhooks_rejected_total{source="alertmanager",reason="unauthorized"} 2'));
});

it("callers that only the body can prove share what is read at a time; the others are not held up by them", () => {
  const asking = (length?: number) =>
    ({ headers: length === undefined ? {} : { "content-length": String(length) } }) as unknown as IncomingMessage;
  const enter = createBodyGate((source) => source === "alertmanager", 10 * MEGABYTE);
  const leaves = Array.from({ length: 6 }, () => enter(asking(), "grafana"));
  assert.throws(() => enter(asking(9 * MEGABYTE), "grafana"), { code: "unavailable" });
  enter(asking(64 * 1024), "grafana");
  enter(asking(9 * MEGABYTE), "alertmanager");
  leaves[0]?.();
  enter(asking(9 * MEGABYTE), "grafana");
  assert.throws(() => enter(asking(9 * MEGABYTE), "grafana"), { code: "unavailable" });
});
