import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { ApiAlert, ApiApproval, ApiEntry, ApiIncident, ApiRun, Items } from "../../scripts/lib/api.ts";
import { waitFor } from "../../scripts/lib/processes.ts";
import { type Loop, SIGNING_SECRET, startLoop } from "./support/loop.ts";
import { click, type SlackMessage } from "./support/slack.ts";

/** Slack's escaping of the three characters that have a meaning in its texts, undone. */
const unescaped = (text: string) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

const APPROVER = "U000000001";

/** One incident from the failing provider to the closed incident; the tests are its chapters and run in order. */
describe("a real alert is remedied end to end", () => {
  let loop: Loop;
  let approvalMessage: SlackMessage;
  const items = async <T>(path: string) => (await loop.stanch.get<Items<T>>(path)).items;
  const within = (milliseconds: number) => ({ within: milliseconds, needs: [loop.stanch.process] });
  const marked = (messages: readonly SlackMessage[], type: string) =>
    messages.filter((message) => message.metadata?.event_type === type);
  const press = (user: string, options: { secret?: string; at?: number; button?: string } = {}) =>
    click({
      to: loop.stanch.url,
      secret: options.secret ?? SIGNING_SECRET,
      user,
      message: approvalMessage,
      button: options.button ?? "Approve",
      ...(options.at !== undefined && { at: options.at }),
    });

  before(async () => {
    loop = await startLoop();
  });
  after(() => loop?.stop());

  it("accepts and classifies the notification of the real Alertmanager", async () => {
    loop.gateway.primary.state = "failing";
    const alert = await waitFor(
      "a classified alert",
      async () => (await items<ApiAlert>("/alerts")).find((candidate) => candidate.incidentId !== null),
      within(60_000),
    );
    assert.equal(alert.labels["alertname"], "LLMGatewayHighErrorRate");
    const [incident] = await items<ApiIncident>("/incidents");
    assert.equal(incident?.severity, "P1");
    assert.equal(incident?.status, "open");
  });

  it("asks in Slack and changes nothing before a person has agreed", async () => {
    const messages = await waitFor(
      "the approval message",
      async () => {
        const found = marked(await loop.slack.history(), "stanch_approval");
        return found.length > 0 && found;
      },
      within(30_000),
    );
    assert.equal(messages.length, 1);
    approvalMessage = messages[0] ?? assert.fail();
    assert.match(JSON.stringify(approvalMessage.blocks), /FALLBACK_ENABLED/);
    assert.deepEqual(loop.gateway.settings.changes, []);
  });

  it("refuses a click with a forged or an old signature", async () => {
    assert.equal(await press(APPROVER, { secret: "not-the-secret" }), 401);
    assert.equal(await press(APPROVER, { at: Date.now() - 10 * 60_000 }), 401);
    assert.deepEqual(loop.gateway.settings.changes, []);
  });

  it("does not count the click of someone who may not approve", async () => {
    assert.equal(await press("U0STRANGER"), 200);
    const [approval] = await items<ApiApproval>("/approvals");
    assert.equal(approval?.status, "pending");
    assert.deepEqual(loop.gateway.settings.changes, []);
  });

  it("acts once when the approver clicks, twice and at the same time", async () => {
    assert.deepEqual(await Promise.all([press(APPROVER), press(APPROVER)]), [200, 200]);
    await waitFor("the effect", () => loop.gateway.settings.now.FALLBACK_ENABLED, within(20_000));
    const [approval, ...more] = await items<ApiApproval>("/approvals");
    assert.deepEqual([approval?.status, more.length], ["approved", 0]);
    assert.deepEqual(
      approval?.votes.map((vote) => vote.person),
      ["anna"],
    );
  });

  it("is not impressed by the same notification, 100 times at once", async () => {
    const body = loop.notifications[0] ?? assert.fail("Alertmanager sent nothing");
    const answers = await Promise.all(Array.from({ length: 100 }, () => loop.notify(body)));
    for (const answer of answers) assert.deepEqual(answer, { status: 202, body: { accepted: 0, unchanged: 1 } });
    assert.equal((await items("/incidents")).length, 1);
    assert.equal((await items("/runs")).length, 1);
  });

  it("sees the recovery hold and closes the incident when Alertmanager says resolved", async () => {
    const run = await waitFor(
      "the run to end",
      async () => (await items<ApiRun>("/runs")).find((candidate) => candidate.endedAt !== null),
      within(60_000),
    );
    assert.equal(run.state.kind, "succeeded", run.sentence);
    await waitFor(
      "the incident to close",
      async () => (await items<ApiIncident>("/incidents"))[0]?.status === "resolved",
      within(60_000),
    );
    assert.ok(loop.notifications.some((body) => (JSON.parse(body) as { status: string }).status === "resolved"));
  });

  it("leaves one incident, one approval, one run, one effect", async () => {
    const counts = await Promise.all(["/incidents", "/approvals", "/runs", "/alerts"].map((path) => items(path)));
    assert.deepEqual(
      counts.map((rows) => rows.length),
      [1, 1, 1, 1],
    );
    assert.deepEqual(
      loop.gateway.settings.changes.map(({ before: from, after: to }) => [from.FALLBACK_ENABLED, to.FALLBACK_ENABLED]),
      [[false, true]],
    );
  });

  it("leaves one incident message, edited, and the timeline in its thread, in order and nothing double", async () => {
    const [incident] = await items<ApiIncident>("/incidents");
    const timeline = await items<ApiEntry>(`/incidents/${incident?.id}/timeline`);
    const thread = await waitFor(
      "the whole timeline in the thread",
      async () => {
        const [message] = marked(await loop.slack.history(), "stanch_incident");
        const replies = marked(await loop.slack.replies(message?.ts ?? ""), "stanch_timeline");
        return replies.at(-1)?.metadata?.event_payload["through"] === timeline.length - 1 && replies;
      },
      within(60_000),
    );
    let next = 0;
    for (const { metadata } of thread) {
      assert.equal(metadata?.event_payload["seq"], next, "each message goes on where the last one ended");
      next = Number(metadata?.event_payload["through"]) + 1;
    }
    let rest = thread.map(({ blocks, text }) => unescaped(JSON.stringify(blocks ?? text))).join("\n");
    for (const { text } of timeline) {
      const at = rest.indexOf(JSON.stringify(text.slice(0, 40)).slice(1, -1));
      assert.notEqual(at, -1, `${text} comes next in the thread`);
      rest = rest.slice(at + 1);
    }

    const history = await loop.slack.history();
    const messages = marked(history, "stanch_incident");
    assert.equal(messages.length, 1);
    assert.ok(messages[0]?.edited !== undefined, "the message was edited");
    assert.equal(marked(history, "stanch_approval").length, 1);
    assert.match(marked(history, "stanch_approval")[0]?.text ?? "", /Approved/);
  });
});
