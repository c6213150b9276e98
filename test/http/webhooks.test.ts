import assert from "node:assert/strict";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { AppError } from "../../src/core/errors.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { AUTH, group, HOOK, keepingLog, startHooks as start } from "./hooks.ts";

/** Sends raw bytes and gives what came back until the other side closed or `ms` passed. */
async function raw(port: number, bytes: string | Buffer, ms = 2000): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.setTimeout(ms, () => socket.destroy());
  socket.write(bytes);
  return text(socket).catch(() => "");
}

describe("a webhook", () => {
  it("answers 202 with what changed, once it is stored", async (t) => {
    const { post, intake, counted } = await start(t);
    const first = await post(group(2));
    assert.deepEqual([first.status, first.json], [202, { accepted: 2, unchanged: 0 }]);
    assert.deepEqual((await post(group(2))).json, { accepted: 0, unchanged: 2 });
    assert.equal((await intake.backlog()).entries, 1);
    assert.ok(await counted('stanch_alerts_accepted_total{source="alertmanager"} 2'));
    assert.ok(await counted('stanch_alerts_unchanged_total{source="alertmanager"} 2'));
    assert.ok(await counted('stanch_accept_duration_seconds_count{source="alertmanager"} 2'));
  });

  it("is read whatever its content type says, as SNS sends text/plain", async (t) => {
    const { post } = await start(t);
    assert.equal((await post(group(1), { "content-type": "text/plain; charset=UTF-8" })).status, 202);
    assert.equal((await post(group(1), { "content-type": "application/x-www-form-urlencoded" })).status, 202);
  });

  it("takes 1,000 alerts of half a megabyte", async (t) => {
    const { post } = await start(t);
    const body = group(1000);
    assert.ok(body.length > 450_000);
    assert.deepEqual((await post(body)).json, { accepted: 1000, unchanged: 0 });
  });

  it("to an unknown or unconfigured source is 404", async (t) => {
    const { post, counted } = await start(t);
    for (const path of ["/webhooks/nagios", "/webhooks/grafana", "/webhooks/__proto__", "/webhooks/toString"]) {
      const { status, json } = await post(group(1), {}, path);
      assert.deepEqual([status, json.error.code], [404, "not_found"], path);
    }
    assert.ok(await counted('stanch_webhooks_rejected_total{source="unknown",reason="not_found"} 4'));
  });

  it("without the right credentials is 401, and nothing is stored", async (t) => {
    const { post, intake, counted } = await start(t);
    for (const authorization of ["Bearer x", "Bearer", "Basic dDp0", ""]) {
      assert.equal((await post(group(1), { authorization })).status, 401, authorization);
    }
    assert.equal((await intake.backlog()).entries, 0);
    assert.ok(await counted('stanch_webhooks_rejected_total{source="alertmanager",reason="unauthorized"} 4'));
  });

  it("that cannot be read is 400 with the path of the field", async (t) => {
    const { post, intake } = await start(t);
    const cases: readonly (readonly [string | Buffer, string])[] = [
      ['{"alerts":[{"status":"firing","labels":{"a":', "body"],
      ["", "body"],
      ["[".repeat(1_000_000), "body"],
      [`{"alerts":[{"labels":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}}]}`, "alerts[0].status"],
      [Buffer.from([0x7b, 0xc3, 0x28, 0x7d]), "body"],
      ['{"__proto__":{"alerts":[]}}', "alerts"],
      ['{"alerts":[{"status":"firing","labels":{"b":"c","a":1}}]}', "alerts[0].labels.a"],
      ['{"truncatedAlerts":-1,"alerts":[{"status":"firing","labels":{"a":"b"}}]}', "truncatedAlerts"],
      ['{"alerts":{"length":1,"0":{}}}', "alerts"],
    ];
    for (const [body, path] of cases) {
      const { status, json } = await post(body);
      assert.deepEqual([status, json.error.code, json.error.details[0].path], [400, "invalid_request", path]);
      assert.ok(json.error.message.startsWith(`${path}: `));
    }
    assert.equal((await intake.backlog()).entries, 0);
  });

  it("with some alerts that cannot be read is 202 for the others, says which, and is in the log and the metrics", async (t) => {
    const { log, lines } = keepingLog();
    const { post, intake, counted } = await start(t, { log });
    const { alerts } = JSON.parse(group(2));
    const { status, json, headers } = await post(JSON.stringify({ alerts: [...alerts, { status: "firing" }] }));
    const details = [{ path: "alerts[2].labels", message: "expected an object" }];
    assert.deepEqual([status, json], [202, { accepted: 2, unchanged: 0, rejected: 1, details }]);
    assert.equal((await intake.backlog()).entries, 1);
    assert.ok(await counted('stanch_alerts_rejected_total{source="alertmanager"} 1'));
    const remote = "127.0.0.1";
    const requestId = headers.get("x-request-id");
    assert.deepEqual(lines, [
      ["warn", { source: "alertmanager", path: HOOK, remote, requestId, rejected: 1, details }, "alerts rejected"],
    ]);
  });

  it("of which no alert can be read lists every fault, up to 20", async (t) => {
    const { post, intake } = await start(t);
    const two = await post('{"truncatedAlerts":"x","alerts":[7,{"status":"no","labels":{"a":1,"b":2}}]}');
    assert.deepEqual(
      two.json.error.details.map(({ path }: { path: string }) => path),
      ["truncatedAlerts", "alerts[0]", "alerts[1].status", "alerts[1].labels.a", "alerts[1].labels.b"],
    );
    const many = await post(JSON.stringify({ alerts: Array.from({ length: 100 }, () => 7) }));
    assert.deepEqual([many.status, many.json.error.details.length], [400, 20]);
    assert.equal(many.json.error.message, "alerts[0]: expected an object (and 99 more)");
    assert.equal((await intake.backlog()).entries, 0);
  });

  it("with duplicate keys counts as its last ones", async (t) => {
    const { post, intake } = await start(t);
    await post('{"alerts":[],"alerts":[{"status":"firing","labels":{"a":"1","a":"2"},"labels":{"a":"3"}}]}');
    assert.match((await intake.waiting(1))[0]?.body ?? "", /"a":"3"/);
  });

  it("that is compressed is refused in words", async (t) => {
    const { post, counted } = await start(t);
    const { status, json } = await post(gzipSync(group(1)), { "content-encoding": "gzip" });
    assert.equal(status, 400);
    assert.ok(await counted('stanch_webhooks_rejected_total{source="alertmanager",reason="invalid_request"} 1'));
    assert.match(json.error.message, /send them plain/);
  });

  it("while the store is down is 503 within 2 s, and works again afterwards without a restart", async (t) => {
    const { intake } = createMemoryStore();
    let hang: boolean | undefined = true;
    const { post, counted } = await start(t, {
      intake: {
        accept: (...input) => {
          if (hang === undefined) return intake.accept(...input);
          return hang ? new Promise(() => {}) : Promise.reject(new AppError("unavailable", "Redis is down"));
        },
      },
    });
    const began = performance.now();
    const hung = await post(group(1));
    assert.ok(performance.now() - began < 2000);
    hang = false;
    const refused = await post(group(1));
    for (const { status, headers, json } of [hung, refused]) {
      assert.deepEqual([status, headers.get("retry-after"), json.error.code], [503, "5", "unavailable"]);
    }
    hang = undefined;
    assert.equal((await post(group(1))).status, 202);
    assert.ok(await counted('stanch_webhooks_rejected_total{source="alertmanager",reason="unavailable"} 2'));
  });
});

describe("a body over the limit", () => {
  it("is 413 whether its length is declared or not, and is counted", async (t) => {
    const { post, url, counted, intake } = await start(t, { maxBody: 10_000 });
    const declared = await post("x".repeat(20_000));
    assert.deepEqual([declared.status, declared.json.error.code], [413, "too_large"]);
    const chunks = Readable.from(Array.from({ length: 20 }, () => Buffer.alloc(1000, "x")));
    const chunked = await fetch(url + HOOK, {
      method: "POST",
      headers: AUTH,
      body: chunks,
      duplex: "half",
    } as RequestInit);
    assert.equal(chunked.status, 413);
    assert.equal((await post(`${group(1)}${" ".repeat(10_000 - group(1).length)}`)).status, 202);
    assert.equal((await intake.backlog()).entries, 1);
    assert.ok(await counted('stanch_webhooks_rejected_total{source="alertmanager",reason="too_large"} 2'));
  });

  it("is not read to its end", async (t) => {
    const { port } = await start(t, { maxBody: 1000 });
    const answer = await raw(
      port,
      `POST ${HOOK} HTTP/1.1\r\nhost: x\r\ncontent-length: 9999999999\r\n\r\n${"x".repeat(100_000)}`,
    );
    assert.match(answer, /^HTTP\/1\.1 413 /);
    assert.match(answer, /connection: close/i);
  });
});

describe("a hostile client", () => {
  it("with huge headers gets 431", async (t) => {
    const { port, post } = await start(t);
    const answer = await raw(port, `POST ${HOOK} HTTP/1.1\r\nhost: x\r\nx-junk: ${"j".repeat(20_000)}\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 431 /);
    assert.equal((await post(group(1))).status, 202);
  });

  it("that sends headers or a body too slowly is cut off", async (t) => {
    const { port, intake } = await start(t, { timeouts: { headers: 150, request: 300, check: 50 } });
    const answers = await Promise.all([
      raw(port, `POST ${HOOK} HTTP/1.1\r\nhost: x\r\n`),
      raw(
        port,
        `POST ${HOOK} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer t\r\ncontent-length: 900\r\n\r\n{"alerts":[`,
      ),
    ]);
    for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 408 /);
    assert.equal((await intake.backlog()).entries, 0);
  });

  it("that goes away in mid-body leaves nothing behind", async (t) => {
    const { port, post, intake } = await start(t);
    const socket = connect(port, "127.0.0.1");
    socket.write(
      `POST ${HOOK} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer t\r\ncontent-length: 900\r\n\r\n{"alerts":[`,
    );
    await new Promise((resolve) => setTimeout(resolve, 30));
    socket.destroy();
    assert.equal((await post(group(1))).status, 202);
    assert.equal((await intake.backlog()).entries, 1);
  });

  it("that smuggles or garbles gets 400", async (t) => {
    const { port } = await start(t);
    const both = `POST ${HOOK} HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`;
    for (const bytes of [both, "GARBAGE\r\n\r\n", `POST ${HOOK} HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n`]) {
      assert.match(await raw(port, bytes), /^HTTP\/1\.1 400 /);
    }
  });
});
