import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MockAgent } from "undici";
import { fetchCertificate } from "../../src/sources/sns/aws.ts";
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
