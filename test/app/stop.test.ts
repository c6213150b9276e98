import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { test } from "node:test";
import { startService } from "./service.ts";

test("a stop takes no longer than its grace, also where a request and a query hang", async (context) => {
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  context.after(() => silent.close());
  const { port } = silent.address() as AddressInfo;
  const yaml = `
facts: { load: { query: 'load' } }
severity: [{ level: P1, when: 'facts.load > 1.0' }, { level: none, when: 'true' }]
connections: { prometheus: { main: { url: 'http://127.0.0.1:${port}' } } }`;
  const { app, ask, url } = await startService(context, { yaml });
  const asked = once(silent, "connection");
  const alert = { status: "firing", labels: { alertname: "Down" }, fingerprint: "f1" };
  await ask("/webhooks/alertmanager", JSON.stringify({ groupKey: "g", alerts: [alert] }));
  const [query] = await asked;
  const request = connect(Number(new URL(url).port), "127.0.0.1");
  request.on("error", () => undefined);
  request.write("POST /webhooks/alertmanager HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
  await ask("/-/healthy");
  const began = performance.now();
  await app.stop(1_000);
  const took = performance.now() - began;
  query.destroy();
  request.destroy();
  assert.ok(took < 1_700, `it took ${Math.round(took)} ms`);
});
