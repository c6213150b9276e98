import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { after, describe, test } from "node:test";
import { Agent, type Dispatcher } from "undici";
import { httpCheck } from "../../src/actions/http/check.ts";
import { guardedAgent, type Lookup, openAgent } from "../../src/actions/http/guard.ts";
import { httpRequest } from "../../src/actions/http/request.ts";
import type { Connections } from "../../src/core/connection.ts";
import { makeSigner } from "../sources/sns.ts";
import { contextOf, failureOf, outputOf } from "./support.ts";

const started: Server[] = [];
after(() => {
  for (const server of started) server.close();
});

async function portOf(server: Server): Promise<number> {
  started.push(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

/** A server that does this with each connection, whatever comes through it. */
function listening(act: (socket: Socket) => void): Promise<number> {
  return portOf(createServer((socket) => act(socket.resume().on("error", () => {}))));
}

/** The one `http` connection, reached through this dispatcher. */
function through(dispatcher: Dispatcher, baseUrl = "http://router.test"): Connections {
  return {
    find: (kind) => ({
      kind,
      name: "router",
      settings: { baseUrl, allowPrivate: true, headers: {} } as never,
      use: <T>() => dispatcher as T,
    }),
  };
}

/** Measures once. */
async function measure(dispatcher: Dispatcher, baseUrl?: string) {
  const input = { path: "/health", status: "any", timeoutSeconds: 0.3 };
  const result = await httpCheck.run(input, contextOf(through(dispatcher, baseUrl)));
  void dispatcher.destroy();
  return result;
}

function failing(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

/** Every attempt to connect ends with this error. */
function cut(error: Error): Dispatcher {
  return new Agent({ connect: (_options, done) => done(error, null) });
}

/** A name server that gives no address for this reason. */
function nameless(code: string): Lookup {
  return (_host, _options, done) => done(failing(code), []);
}

async function assertUnmeasured(measured: ReturnType<typeof measure>, look: RegExp): Promise<void> {
  const failed = failureOf(await measured);
  assert.deepEqual([failed.reason, failed.sent, failed.retryable], ["not_configured", "no", true]);
  assert.match(failed.message, /^checking router\/health: .*says nothing about the system; check /);
  assert.match(failed.message, look);
}

describe("a check that only measures fails where it has not reached the system, since that says nothing about it", () => {
  for (const code of ["ENOTFOUND", "EAI_AGAIN", "EAI_FAIL"])
    test(`the name server answers ${code}`, async () => {
      await assertUnmeasured(measure(guardedAgent(nameless(code))), /name server/);
      await assertUnmeasured(measure(openAgent(nameless(code))), /name server/);
    });

  test("the name server knows no address, or does not answer", async () => {
    await assertUnmeasured(measure(guardedAgent((_host, _options, done) => done(null, []))), /name server/);
    const unanswered: (() => void)[] = [];
    const silent: Lookup = (_host, _options, done) => void unanswered.push(() => done(failing("EAI_AGAIN"), []));
    for (const make of [guardedAgent, openAgent]) await assertUnmeasured(measure(make(silent)), /name server/);
    for (const answer of unanswered) answer();
    assert.equal(unanswered.length, 2);
  });

  for (const code of ["ENETUNREACH", "ENETDOWN", "EMFILE", "EACCES", "UND_ERR_DESTROYED"])
    test(`nothing leaves this side: ${code}`, async () => {
      await assertUnmeasured(measure(cut(failing(code))), new RegExp(code));
    });

  const certificates =
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE UNABLE_TO_GET_ISSUER_CERT_LOCALLY SELF_SIGNED_CERT_IN_CHAIN DEPTH_ZERO_SELF_SIGNED_CERT " +
    "CERT_HAS_EXPIRED CERT_NOT_YET_VALID ERR_TLS_CERT_ALTNAME_INVALID HOSTNAME_MISMATCH INVALID_PURPOSE EPROTO";
  for (const code of certificates.split(" "))
    test(`the certificate is not taken: ${code}`, async () => {
      await assertUnmeasured(measure(cut(failing(code))), new RegExp(`TLS: ${code}.*certificate`));
    });

  test("a certificate that nobody vouches for", async () => {
    const { key, certificate } = makeSigner(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
    const port = await portOf(createTlsServer({ key, cert: certificate }, (_request, response) => response.end()));
    await assertUnmeasured(measure(openAgent(), `https://127.0.0.1:${port}`), /DEPTH_ZERO_SELF_SIGNED_CERT/);
  });

  test("what answers there is not HTTP", async () => {
    const port = await listening((socket) => socket.end("SSH-2.0-OpenSSH_9.9\r\n"));
    const failed = failureOf(await measure(openAgent(), `http://127.0.0.1:${port}`));
    assert.equal(failed.reason, "bad_response");
    assert.match(failed.message, /not HTTP.*says nothing about the system; check the connection's address/);
    await assertUnmeasured(measure(openAgent(), `https://127.0.0.1:${port}`), /TLS: .*certificate/);
  });

  test("one address has no route, and the other has not answered the first attempt in time", async () => {
    const error = new AggregateError([failing("ETIMEDOUT"), failing("ENETUNREACH")]);
    await assertUnmeasured(measure(cut(error)), /ENETUNREACH/);
  });
});

describe("a check that only measures has found the system not answering", () => {
  for (const code of ["ECONNREFUSED", "ECONNRESET", "EPIPE", "EHOSTUNREACH"])
    test(code, async () => assert.equal(outputOf(await measure(cut(failing(code)))).state, "unreachable"));

  for (const code of ["ETIMEDOUT", "UND_ERR_CONNECT_TIMEOUT"])
    test(code, async () => assert.equal(outputOf(await measure(cut(failing(code)))).state, "timeout"));

  test("one address refuses, the other has no route", async () => {
    for (const codes of [
      ["ENETUNREACH", "ECONNREFUSED"],
      ["ECONNREFUSED", "ENETUNREACH"],
    ]) {
      const error = Object.assign(new AggregateError(codes.map(failing)), { code: codes[0] });
      assert.equal(outputOf(await measure(cut(error))).state, "unreachable");
    }
  });

  test("it takes the connection and closes it", async () => {
    const port = await listening((socket) => socket.end());
    assert.equal(outputOf(await measure(openAgent(), `http://127.0.0.1:${port}`)).state, "unreachable");
  });

  test("it takes the connection and says nothing", async () => {
    const port = await listening(() => {});
    const known: Lookup = (_host, _options, done) => done(null, [{ address: "127.0.0.1", family: 4 }]);
    const result = await measure(openAgent(known), `http://router.test:${port}`);
    assert.deepEqual([outputOf(result).ok, outputOf(result).state], [false, "timeout"]);
  });
});

describe("a request whose time is over before its connection stands", () => {
  /** Connects once the test lets it. */
  async function held(connected: () => void) {
    const port = await listening((socket) => void socket.once("data", connected));
    const looks: (() => void)[] = [];
    const found = [{ address: "127.0.0.1", family: 4 }];
    const agent = openAgent((_host, _options, done) => void looks.push(() => done(null, found)));
    return { agent, url: `http://router.test:${port}`, letGo: () => looks.forEach((look) => void look()) };
  }

  test("is given up at once, and says nothing about the system though the name server answers later", async () => {
    const { agent, url, letGo } = await held(() => {});
    const began = performance.now();
    setTimeout(letGo, 600);
    await assertUnmeasured(measure(agent, url), /name server/);
    assert.ok(performance.now() - began < 550, "it has waited for the name server");
  });

  test("is never written, and known not to be", async () => {
    let bytes = 0;
    const { agent, url, letGo } = await held(() => void bytes++);
    const [early, late] = [contextOf(through(agent, url)), contextOf(through(agent, url))];
    const failed = failureOf(await httpRequest.run({ path: "/reset", timeoutSeconds: 0.1 }, early));
    assert.deepEqual([failed.reason, failed.sent], ["not_configured", "no"]);
    const second = httpRequest.run({ path: "/reset", timeoutSeconds: 1 }, late);
    letGo();
    assert.equal(failureOf(await second).sent, "unknown");
    assert.deepEqual([bytes, early.fences, late.fences], [1, 0, 1]);
    void agent.destroy();
  });
});
