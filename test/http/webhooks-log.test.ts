import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { group, HOOK, keepingLog, startHooks as start } from "./hooks.ts";

describe("a webhook", () => {
  it("that is refused is one line of the log, found by its request id, with no stack", async (t) => {
    const { log, lines } = keepingLog();
    const { post } = await start(t, { log, maxBody: 10_000 });
    const fault = { path: "alerts", message: "expected an array" };
    const cases: readonly (readonly [Promise<{ headers: Headers }>, object])[] = [
      [post(group(1), { authorization: "Bearer x" }), { code: "unauthorized" }],
      [post("{}"), { code: "invalid_request", details: [fault] }],
      [post("x".repeat(20_000)), { code: "too_large" }],
      [post("{}", { "content-encoding": "gzip" }), { code: "invalid_request" }],
      [
        post(group(1), {}, "/webhooks/nagios?token=t"),
        { code: "not_found", source: "unknown", path: "/webhooks/nagios" },
      ],
    ];
    for (const [asked, expected] of cases) {
      const requestId = (await asked).headers.get("x-request-id");
      const [level, fields, message] = lines.find((line) => line[1]["requestId"] === requestId) ?? assert.fail();
      const { reason, ...rest } = fields;
      assert.deepEqual([level, message], ["warn", "webhook refused"]);
      assert.deepEqual(rest, { source: "alertmanager", path: HOOK, remote: "127.0.0.1", requestId, ...expected });
      assert.match(String(reason), /\w+ /);
    }
    assert.equal(lines.length, cases.length);
  });

  it("that meets a bug is one line with its stack", async (t) => {
    const { log, lines } = keepingLog();
    const { post } = await start(t, { log, intake: { accept: () => Promise.reject(new TypeError("x is undefined")) } });
    const { status, headers } = await post(group(1));
    assert.equal(status, 500);
    const [[level, fields] = assert.fail(), ...more] = lines;
    assert.deepEqual([level, fields["requestId"], more], ["error", headers.get("x-request-id"), []]);
    assert.ok(fields["err"] instanceof TypeError);
  });
});
