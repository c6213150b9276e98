import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import fc from "fast-check";
import { request } from "undici";
import { quote, sentBy, statusFailure } from "../../src/actions/failure.ts";
import { httpCheck } from "../../src/actions/http/check.ts";
import { callEndpoint, httpEndpoint } from "../../src/actions/http/endpoint.ts";
import { addressFilter, guardedAgent, type Lookup } from "../../src/actions/http/guard.ts";
import { httpRequest } from "../../src/actions/http/request.ts";
import { pathText } from "../../src/core/cel/path-text.ts";
import { type SettingsStub, startSettingsStub } from "../stubs/settings.ts";
import { connectionsOf, contextOf, failureOf, outputOf, SECRET } from "./support.ts";

let gateway: SettingsStub;
let connections: ReturnType<typeof connectionsOf>;

before(async () => {
  gateway = await startSettingsStub();
  const headers = { authorization: `Bearer ${SECRET}` };
  connections = connectionsOf({
    http: {
      open: { baseUrl: gateway.url, allowPrivate: true, headers },
      guarded: { baseUrl: gateway.url, allowPrivate: false, headers },
      named: { baseUrl: `http://localhost:${gateway.port}`, allowPrivate: false, headers: {} },
      below: { baseUrl: `${gateway.url}/api`, allowPrivate: true, headers },
    },
  });
});
beforeEach(() => gateway.heal());
after(async () => {
  await connections.close();
  await gateway.close();
});

const check = (input: object) => httpCheck.run({ connection: "open", ...input }, contextOf(connections));

test("private, link-local, reserved and mapped addresses are forbidden, public ones are not", () => {
  const isForbidden = addressFilter();
  const forbidden =
    "127.0.0.1 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 255.255.255.255 224.0.0.1 " +
    "::1 :: ::ffff:127.0.0.1 ::ffff:7f00:1 ::127.0.0.1 fe80::1 fe80::1%eth0 fd00::1 64:ff9b::a00:1 2002:7f00:1:: ff02::1 nonsense";
  for (const address of forbidden.split(" ")) assert.equal(isForbidden(address), true, address);
  for (const address of ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8"])
    assert.equal(isForbidden(address), false, address);
});

test("no IPv4 address slips through in its IPv6-mapped form", () => {
  const isForbidden = addressFilter();
  fc.assert(fc.property(fc.ipV4(), (address) => assert.equal(isForbidden(`::ffff:${address}`), isForbidden(address))));
});

test("a guarded agent refuses IP literals in any spelling, and names that resolve to one bad address", async () => {
  const lookup: Lookup = (host, _options, done) =>
    done(
      null,
      host === "mixed.test"
        ? [
            { address: "8.8.8.8", family: 4 },
            { address: "127.0.0.1", family: 4 },
          ]
        : [{ address: "10.0.0.1", family: 4 }],
    );
  const agent = guardedAgent(lookup);
  const hosts = ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "mixed.test", "private.test"];
  for (const host of hosts) {
    const reached = request(`http://${host}:${gateway.port}/health`, { dispatcher: agent });
    await assert.rejects(reached, { code: "ERR_BLOCKED_ADDRESS" }, host);
  }
  await agent.close();
  assert.equal(gateway.requests.length, 0);
});

test("a connection without allow-private reaches nothing private and says how to allow it", async () => {
  const sent = gateway.requests.length;
  for (const connection of ["guarded", "named"]) {
    const refused = failureOf(await httpRequest.run({ connection, path: "/admin/reset" }, contextOf(connections)));
    assert.equal(refused.reason, "refused");
    assert.deepEqual([refused.sent, refused.retryable], ["no", false]);
    assert.match(refused.message, /allow-private/);
  }
  assert.equal(gateway.requests.length, sent);
});

test("no redirect is followed", async () => {
  const sent = gateway.requests.length;
  assert.match(failureOf(await check({ path: "/moved" })).message, /answered 302, not 2xx/);
  assert.equal(outputOf(await check({ path: "/moved", status: 302 })).status, 302);
  assert.deepEqual(
    gateway.requests.slice(sent).map(({ label }) => label),
    ["GET /moved", "GET /moved"],
  );
});

test("a path stays below the connection's address", async () => {
  const below = httpEndpoint(connections.find("http", "below"));
  const call = { act: "looking", method: "GET", timeout: 1_000, mutating: false };
  for (const path of ["/../settings", "/a/../../settings", "/%2e%2e/settings"]) {
    const called = await callEndpoint(below, contextOf(connections), { ...call, path });
    assert.equal(called.ok || called.reason, "invalid_input", path);
    assert.equal(httpCheck.input.safeParse({ path }).success, false, path);
  }
  const up = ["/..", "/a/../b", "/a/%2E./b?x", "/a/.", "/./a"];
  for (const path of ["//evil.test/", "settings", "/a b", "/a\\b", "/a#b", "https://evil.test/", ...up])
    assert.equal(httpCheck.input.safeParse({ path }).success, false, path);
});

test("dots that are no way up are taken", () => {
  const encoded = [
    "/models/openai%2Fgpt-4.1",
    "/a%2F..b",
    "/50%25",
    "/a%5Cb",
    "/%E2%82%AC..",
    "/a%2F...%2Fb",
    "/a%3Bb=..",
  ];
  for (const path of ["/", "/v1.2/...", "/.well-known/x", "/a..b", "/a?file=../b", "/a?file=..%2Fb", ...encoded])
    assert.equal(httpRequest.input.safeParse({ path }).success, true, path);
});

test("a segment that leads up where a server on the way decodes it first is refused", () => {
  const up = [
    "/a%2F..%2Fb",
    "/..%2fb",
    "/a/..%5Cb",
    "/a%5c..",
    "/%2E%2E%2Fb",
    "/%252e%252e%252fb",
    "/a/..%3Bx/b",
    "/a/..;/b",
  ];
  for (const path of [...up, "/a%2F.%2Fb"]) assert.equal(httpRequest.input.safeParse({ path }).success, false, path);
});

test("no label leads a path up, and none that goes nowhere is refused", () => {
  const dots = fc.string({ unit: fc.constantFrom(".", "/", "\\", "%2e", "%2F", ";", "a"), maxLength: 8 });
  fc.assert(
    fc.property(dots, (label) => {
      const { success } = httpRequest.input.safeParse({ path: `/services/${pathText(label)}/restart` });
      let decoded = `/${label}/`;
      for (let turn = 0; turn < 9; turn++) decoded = decoded.replaceAll("%2e", ".").replaceAll("%2F", "/");
      assert.equal(success, !/[/\\]\.{1,2}(;[^/\\]*)?[/\\]/.test(decoded), label);
    }),
  );
});

test("a check judges status and body, and only measures when told so", async () => {
  assert.equal(outputOf(await check({ path: "/health", contains: '"ok"', matches: "^\\{" })).ok, true);
  const sick = failureOf(await check({ path: "/sick" }));
  assert.equal(sick.reason, "target_failed");
  assert.match(sick.message, /^checking open\/sick: answered 503, not 2xx$/);
  assert.match(failureOf(await check({ path: "/health", contains: "sick" })).message, /without the wanted text/);
  assert.equal(outputOf(await check({ path: "/sick", status: [200, 503] })).state, "ok");
  assert.deepEqual(pick(outputOf(await check({ path: "/sick", status: "any" }))), {
    ok: true,
    state: "ok",
    status: 503,
  });
  gateway.fail({ kind: "drop" });
  assert.deepEqual(pick(outputOf(await check({ path: "/health", status: "any" }))), {
    ok: false,
    state: "unreachable",
    status: null,
  });
  assert.equal(httpCheck.input.safeParse({ matches: "(?<=a)b" }).success, false, "RE2 knows no lookbehind");
});

function pick({ ok, state, status }: Readonly<Record<string, unknown>>) {
  return { ok, state, status };
}

test("a request carries the step's key, and what the target echoes is without the credentials", async () => {
  const output = outputOf(
    await httpRequest.run({ connection: "open", path: "/echo", body: { provider: "openai" } }, contextOf(connections)),
  );
  const echoed = JSON.stringify(output);
  assert.match(echoed, /run-1f0c9a2b3d4e\/redeploy/);
  assert.ok(!echoed.includes(SECRET));
});

test("what a status says of a change's effect", () => {
  const table = {
    400: "refused",
    404: "refused",
    409: "refused",
    412: "refused",
    429: "refused",
    503: "refused",
    307: "refused",
    408: "unknown",
    302: "unknown",
    500: "unknown",
    502: "unknown",
    504: "unknown",
  };
  for (const [status, sent] of Object.entries(table)) assert.equal(sentBy(Number(status)), sent, status);
  assert.equal(statusFailure("x", 500, { mutating: false }).sent, "no");
});

test("text from a target is one short line without secrets", () => {
  assert.equal(quote("a\u0000\n\tb \u202e c"), "a b c");
  assert.equal(
    quote("boom \u001b[31m token=abc\u001b[0m, api_key: x-1 done\n[info]"),
    "boom token=[redacted], api_key: [redacted] done [info]",
  );
  assert.equal(quote("x".repeat(500)).length, 200);
  assert.equal(quote("token s3cr3t-value here", ["s3cr3t-value"]), "token [redacted] here");
});

test("the fence is asked once the connection stands, right before the write", async () => {
  const server = createServer((socket) => void socket.on("error", () => {}));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const accepted = once(server, "connection");
  const bytes = accepted.then(([socket]) => once(socket as Socket, "data"));
  const { port } = server.address() as AddressInfo;
  const raw = connectionsOf({
    http: { raw: { baseUrl: `http://127.0.0.1:${port}`, allowPrivate: true, headers: {} } },
  });
  let connected = 0;
  const fence = () => server.getConnections((_error, count) => (connected = count));
  const call = httpRequest.run({ path: "/x", timeoutSeconds: 0.3 }, contextOf(raw, { fence }));
  await bytes;
  assert.equal(failureOf(await call).sent, "unknown");
  assert.equal(connected, 1);
  await raw.close();
  server.close();
});
