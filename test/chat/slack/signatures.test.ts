import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { formBody, type SlackDouble, slackSignature, startSlack } from "../../support/slack.ts";
import { approvalOf, type FakeDesk, fakeDesk, viewOf } from "../../support/slack-desk.ts";
import { eventually, type Front, post, SIGNING_SECRET, startFront } from "../../support/slack-front.ts";

describe("requests in Slack's name", () => {
  let slack: SlackDouble;
  let front: Front;
  let desk: FakeDesk;
  let count = 0;

  before(async () => {
    slack = await startSlack();
    desk = fakeDesk([viewOf({ approvals: [approvalOf()] })], [slack.userId("anna")]);
    front = await startFront("http", slack, { desk });
  });
  after(async () => {
    await front.stop();
    await slack.stop();
  });

  const now = () => Math.floor(Date.now() / 1000);
  const command = () =>
    formBody("slash_commands", { command: "/stanch", text: "ack inc-12", user_id: slack.userId("anna"), n: ++count });

  async function send(body: string, headers: Record<string, string>): Promise<number> {
    return (await post(front.url, body, { headers, kind: "slash_commands" })).status;
  }

  async function expectRefused(body: string, headers: Record<string, string>): Promise<void> {
    const before = desk.decided.length;
    assert.equal(await send(body, headers), 401);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(desk.decided.length, before);
  }

  test("a right signature is taken, and its replay is not", async () => {
    const body = command();
    const headers = slackSignature(SIGNING_SECRET, body);
    assert.equal(await send(body, headers), 200);
    await eventually(() => desk.decided.length === 1 || undefined);
    await expectRefused(body, headers);
  });

  test("of the same request sent many times at once one is taken", async () => {
    const body = command();
    const headers = slackSignature(SIGNING_SECRET, body);
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(body, headers)));
    assert.deepEqual(answers.sort(), [200, ...Array.from({ length: 9 }, () => 401)]);
  });

  test("a forged, a foreign, a changed and an unsigned one are refused", async () => {
    const body = command();
    const good = slackSignature(SIGNING_SECRET, body);
    await expectRefused(body, { ...good, "x-slack-signature": `v0=${"0".repeat(64)}` });
    await expectRefused(body, slackSignature("another app's secret", body));
    await expectRefused(`${body}&user_id=U0SOMEBODY`, good);
    await expectRefused(body, {});
  });

  test("one older than five minutes, one from the future and one without a time are refused", async () => {
    const body = command();
    await expectRefused(body, slackSignature(SIGNING_SECRET, body, now() - 301));
    await expectRefused(body, slackSignature(SIGNING_SECRET, body, now() + 120));
    await expectRefused(body, { "x-slack-signature": slackSignature(SIGNING_SECRET, body)["x-slack-signature"] ?? "" });
    assert.equal(await send(body, slackSignature(SIGNING_SECRET, body, now() - 200)), 200);
  });

  test("a refused request does not use up the signature of the real one", async () => {
    const body = command();
    const headers = slackSignature(SIGNING_SECRET, body);
    await expectRefused("something=else", headers);
    assert.equal(await send(body, headers), 200);
  });

  test("Slack's question whether the address is ours is answered", async () => {
    const body = JSON.stringify({ type: "url_verification", challenge: "3eZbrw1a", token: "x" });
    const response = await fetch(front.url, {
      method: "POST",
      headers: { "content-type": "application/json", ...slackSignature(SIGNING_SECRET, body) },
      body,
    });
    assert.deepEqual(await response.json(), { challenge: "3eZbrw1a" });
  });
});
