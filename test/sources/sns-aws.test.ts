import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { describe, it, type TestContext } from "node:test";
import { MockAgent } from "undici";
import { confirmSubscription, fetchCertificate } from "../../src/sources/sns/aws.ts";
import { refusalOf } from "./conformance.ts";

const ORIGIN = "https://sns.us-west-1.amazonaws.com";
const PATH = "/SimpleNotificationService-0a.pem";

type Answer = { status: number; body: string | Buffer; headers?: Record<string, string> };

async function fetchGiven(answer: Answer | Error): Promise<string> {
  const agent = new MockAgent();
  agent.disableNetConnect();
  const interceptor = agent.get(ORIGIN).intercept({ path: PATH });
  if (answer instanceof Error) interceptor.replyWithError(answer);
  else interceptor.reply(answer.status, answer.body, { headers: answer.headers ?? {} });
  try {
    return await fetchCertificate(ORIGIN + PATH, agent);
  } finally {
    await agent.close();
  }
}

describe("fetching a signing certificate", () => {
  it("gives the text of a 200", async () => {
    assert.equal(await fetchGiven({ status: 200, body: "-----BEGIN" }), "-----BEGIN");
  });

  it("takes nothing but a 200", async () => {
    for (const status of [204, 403, 404]) {
      assert.equal((await refusalOf(() => fetchGiven({ status, body: "" }))).code, "unauthorized");
    }
    assert.equal((await refusalOf(() => fetchGiven({ status: 503, body: "" }))).code, "unavailable");
    assert.equal((await refusalOf(() => fetchGiven(new Error("ECONNRESET")))).code, "unavailable");
  });

  it("follows no redirect", async () => {
    const answer = { status: 302, body: "", headers: { location: "http://169.254.169.254/" } };
    assert.equal((await refusalOf(() => fetchGiven(answer))).code, "unavailable");
  });

  it("stops at 64 KiB", async () => {
    const error = await refusalOf(() => fetchGiven({ status: 200, body: Buffer.alloc(70_000, "a") }));
    assert.match(error.message, /too large/);
  });
});

describe("confirming a subscription", () => {
  const TOPIC = "arn:aws:sns:us-west-1:123456789012:alerts";

  /** SNS's protocol on the loopback, where the SDK's own variables point. Gives the calls that came. */
  async function startSns(t: TestContext, answer: { status: number; body: string }) {
    const calls: string[] = [];
    const server = createServer(async (request, response) => {
      calls.push(await text(request));
      response.writeHead(answer.status, { "content-type": "text/xml" }).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const settings = {
      AWS_ENDPOINT_URL_SNS: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: "a",
      AWS_SECRET_ACCESS_KEY: "s",
    };
    const before = { ...process.env };
    Object.assign(process.env, settings);
    t.after(() => {
      for (const name of Object.keys(settings)) delete process.env[name];
      Object.assign(process.env, before);
      server.close();
    });
    return calls;
  }

  it("names the topic and the token", async (t) => {
    const body = `<ConfirmSubscriptionResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><ConfirmSubscriptionResult>
      <SubscriptionArn>${TOPIC}:x</SubscriptionArn></ConfirmSubscriptionResult></ConfirmSubscriptionResponse>`;
    const calls = await startSns(t, { status: 200, body });
    await confirmSubscription(TOPIC, "2336412f37", "us-west-1");
    const sent = new URLSearchParams(calls[0]);
    assert.deepEqual(
      [calls.length, sent.get("Action"), sent.get("TopicArn"), sent.get("Token")],
      [1, "ConfirmSubscription", TOPIC, "2336412f37"],
    );
  });

  it("says what to grant when SNS refuses, so that SNS sends the confirmation again", async (t) => {
    const body = `<ErrorResponse><Error><Type>Sender</Type><Code>AuthorizationError</Code></Error></ErrorResponse>`;
    await startSns(t, { status: 403, body });
    const error = await refusalOf(() => confirmSubscription(TOPIC, "t", "us-west-1"));
    assert.equal(error.code, "unavailable");
    assert.match(error.message, /grant sns:ConfirmSubscription/);
  });
});
