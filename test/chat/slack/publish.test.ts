import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { approvalOf, entryOf, leaseOf, NOON, runOf, viewOf } from "../../support/slack-desk.ts";
import { upTo, useStage } from "../../support/slack-incident.ts";
import { createPublisher } from "../../support/slack-publisher.ts";

const stage = useStage();

describe("the life of an incident", () => {
  test("is one message, edited, with the timeline in its thread and approvals beside it", async () => {
    const approval = approvalOf({ id: `apr-${stage.id}`, incidentId: stage.id });
    const open = viewOf({ incident: { id: stage.id }, runs: [runOf()], approvals: [approval] });
    await stage.worker.settle(open, stage.timeline(3));
    await stage.worker.settle(
      viewOf({ ...open, incident: { id: stage.id, taken: { by: "ben", at: NOON } } }),
      stage.timeline(4),
    );
    const decided = { ...approval, status: "approved" as const, decidedAt: NOON + 9_000, votes: [VOTE] };
    await stage.worker.settle(
      viewOf({ incident: { id: stage.id, status: "mitigated" }, approvals: [decided], leases: [leaseOf()] }),
      stage.timeline(5),
    );
    const won = runOf({
      state: { kind: "succeeded" },
      recovery: "measured",
      endedAt: new Date(NOON + 600_000).toISOString(),
    });
    const over = viewOf({
      incident: { id: stage.id, status: "resolved", resolvedAt: NOON + 840_000 },
      runs: [won],
      approvals: [decided],
    });
    await stage.worker.settle(over, stage.timeline(7));

    assert.deepEqual(await stage.told(), upTo(7));
    const root = await stage.root();
    assert.match(root.text, /Recovered · P1 · LiteLLMHighErrorRate: after 15 min, fixed by gateway-fallback/);
    assert.ok(root.edited);
    assert.match(JSON.stringify(root.attachments), /"color":"#2eb67d"/);
    const asked = (await stage.mine()).filter((message) => message.metadata?.event_type === "stanch_approval");
    assert.equal(asked.length, 1);
    const locked = JSON.stringify(asked[0]);
    assert.match(locked, /✅ Approved/);
    assert.match(locked, /approved by \*anna\* from Slack/);
    assert.doesNotMatch(locked, /"type":"button"/);
  });

  test("in a storm one that asks people comes before those that only report", async () => {
    const { chat } = stage.worker.other();
    const show = (name: string, more: Parameters<typeof viewOf>[0] = {}) => {
      const view = viewOf({ ...more, incident: { id: `${stage.id}-${name}` } });
      return chat.publish(view, [], { delivered: 0, approvals: {} }, async () => undefined);
    };
    for (const name of ["one", "two", "three"]) assert.ok((await show(name)).ok, name);
    assert.ok(!(await show("four")).ok, "the last place of the burst is not for a report");
    const waiting = await show("asks", { approvals: [approvalOf({ id: `apr-${stage.id}` })] });
    assert.ok(!waiting.ok, "its message has the last place, the question waits for the next");
    const names = (await stage.slack.history(stage.alerts)).map(
      ({ metadata }) => metadata?.event_payload["incidentId"],
    );
    assert.deepEqual([names.includes(`${stage.id}-asks`), names.includes(`${stage.id}-four`)], [true, false]);
  });

  test("an equal view writes nothing", async () => {
    const view = viewOf({ incident: { id: stage.id } });
    await stage.worker.settle(view, stage.timeline(2));
    const [calls, saves] = [stage.slack.calls.length, stage.worker.hooks.saves];
    await stage.worker.settle(structuredClone(view), stage.timeline(2));
    assert.deepEqual([stage.slack.calls.length, stage.worker.hooks.saves], [calls, saves]);
  });

  test("a storm of changes costs as many edits as there are turns, and ends with what is true", async () => {
    const edits = () => stage.slack.calls.filter(({ method }) => method === "chat.update").length;
    const before = edits();
    for (let round = 0; round < 20; round += 1) {
      await stage.worker.publishOnce(viewOf({ incident: { id: stage.id }, firing: round + 1, total: round + 1 }), []);
    }
    assert.ok(edits() - before <= 3, `${edits() - before} edits in one moment`);
    await stage.worker.settle(viewOf({ incident: { id: stage.id }, firing: 99, total: 99 }), []);
    assert.match(JSON.stringify(await stage.root()), /99 of 99 alerts/);
  });

  test("an approval whose message somebody deleted is asked again with the next change, while it waits", async () => {
    const approval = approvalOf({ id: `apr-${stage.id}`, incidentId: stage.id });
    const asked = async () =>
      (await stage.mine()).filter((message) => message.metadata?.event_type === "stanch_approval");
    const settle = (change: Partial<typeof approval>) =>
      stage.worker.settle(viewOf({ incident: { id: stage.id }, approvals: [{ ...approval, ...change }] }), []);
    await settle({});
    const [first] = await asked();
    await stage.slack.forward("chat.delete", { channel: stage.alerts, ts: first?.ts });
    await settle({ votes: [VOTE] });
    const [again, ...more] = await asked();
    assert.deepEqual([again?.ts === first?.ts, more.length], [false, 0]);
    await stage.slack.forward("chat.delete", { channel: stage.alerts, ts: again?.ts });
    await settle({ votes: [VOTE], status: "approved", decidedAt: NOON });
    assert.deepEqual(await asked(), []);
  });

  test("a message that somebody deleted is posted anew", async () => {
    await stage.worker.settle(viewOf({ incident: { id: stage.id } }), stage.timeline(1));
    await stage.slack.forward("chat.delete", { channel: stage.alerts, ts: (await stage.root()).ts });
    await stage.worker.settle(viewOf({ incident: { id: stage.id, severity: "P0" } }), stage.timeline(2));
    assert.match((await stage.root()).text, /P0/);
    assert.deepEqual(await stage.told(), [1]);
  });

  test("what people wrote in the thread is not repeated there", async () => {
    const entries = [
      entryOf("entry 0 of x."),
      entryOf("I wrote this", { origin: "thread", by: "anna" }),
      entryOf("after it"),
    ];
    await stage.worker.settle(viewOf({ incident: { id: stage.id } }), entries);
    const thread = (await stage.slack.thread(stage.alerts, (await stage.root()).ts))
      .map((message) => message.text)
      .join("\n");
    assert.doesNotMatch(thread, /I wrote this/);
    assert.match(thread, /after it/);
    assert.equal(stage.worker.stored.state.delivered, 3);
  });

  test("a route whose matchers hold takes the incident to its channel", async () => {
    const match = [
      {
        label: "team",
        operator: "=" as const,
        value: "security",
        test: (labels: Readonly<Record<string, string>>) => labels["team"] === "security",
      },
    ];
    const routed = createPublisher(stage.slack, { routes: [{ match, channel: "#sec-incidents", private: true }] });
    await routed.settle(viewOf({ incident: { id: stage.id, labels: { team: "security" } } }), stage.timeline(1));
    assert.deepEqual(await stage.told(stage.slack.channelId("sec-incidents")), [0]);
    assert.deepEqual(await stage.mine(), []);
  });

  test("a channel that does not exist is said with what to do, and posting resumes when it does", async () => {
    const lost = createPublisher(stage.slack, { channel: "#no-such-channel" });
    const result = await lost.publishOnce(viewOf({ incident: { id: stage.id } }), []);
    assert.ok(!result.ok);
    assert.match(result.why, /#no-such-channel.*create it, or invite/);
    assert.deepEqual(lost.stored.state, { delivered: 0, approvals: {} });
  });
});

const VOTE = { by: "anna", person: "anna", via: "slack", at: NOON + 9_000, decision: "approve" as const };

describe("approvals and escalations", () => {
  test("an expired or decided approval is never announced", async () => {
    const late = approvalOf({ id: `apr-late-${stage.id}`, incidentId: stage.id, expiresAt: NOON - 1 });
    const gone = approvalOf({ id: `apr-gone-${stage.id}`, incidentId: stage.id, status: "withdrawn" });
    await stage.worker.settle(viewOf({ incident: { id: stage.id }, approvals: [late, gone] }), []);
    assert.equal((await stage.mine()).length, 1);
  });

  test("a process whose clock is off asks all the same, and keeps another from publishing no longer than by the store's time", async () => {
    const approval = approvalOf({ id: `apr-off-${stage.id}`, incidentId: stage.id });
    const { worker } = stage;
    worker.clock.now = NOON + 30 * 60_000;
    const view = { ...viewOf({ incident: { id: stage.id }, approvals: [approval] }), readAt: NOON };
    worker.stored.state = { ...worker.stored.state, posting: { by: "another", until: NOON + 1_000 } };
    const early = await worker.publishOnce(view, []);
    assert.deepEqual(early, { ok: false, retryAfter: 1_000, why: "another is publishing it" });
    worker.stored.state = { delivered: 0, approvals: {} };
    worker.hooks.beforeSave = () => {
      const { posting } = worker.stored.state;
      assert.ok(posting === undefined || posting.until <= NOON + 60_000, "held by the store's time");
    };
    await worker.settle(view, []);
    const posted = (await stage.mine()).map((message) => message.metadata?.event_type);
    assert.deepEqual(posted, ["stanch_incident", "stanch_approval"]);
  });

  test("are posted before a long timeline", async () => {
    const approval = approvalOf({ id: `apr-${stage.id}`, incidentId: stage.id });
    const entries = [
      ...stage.timeline(100),
      entryOf("nobody answers", { kind: "escalation", notify: ["slack:@platform-oncall"] }),
    ];
    const result = await stage.worker.publishOnce(
      viewOf({ incident: { id: stage.id }, approvals: [approval] }),
      entries,
    );
    assert.ok(!result.ok, "the timeline has to wait for its turn");
    const posted = (await stage.mine()).map((message) => message.metadata?.event_type);
    assert.deepEqual(posted, ["stanch_incident", "stanch_escalation", "stanch_approval"]);
    const [, escalation] = await stage.mine();
    assert.match(
      escalation?.text ?? "",
      new RegExp(`<!subteam\\^S045DEFGH> <@${stage.slack.userId("anna")}> 📣 \\*P1`),
    );
    await stage.worker.settle(viewOf({ incident: { id: stage.id }, approvals: [approval] }), entries);
    assert.equal((await stage.mine()).length, 3, "announced once");
    assert.deepEqual(await stage.told(), upTo(100));
  });

  test("a need for a person that names nobody calls the default group; one for PagerDuty alone is not said here", async () => {
    const entries = [
      entryOf("a person is needed", { kind: "escalation" }),
      entryOf("paged", { kind: "escalation", notify: ["pagerduty:x"] }),
    ];
    await stage.worker.settle(viewOf({ incident: { id: stage.id } }), entries);
    const calls = (await stage.mine()).filter((message) => message.metadata?.event_type === "stanch_escalation");
    assert.equal(calls.length, 1);
    assert.match(calls[0]?.text ?? "", /^<!subteam\^S045DEFGH> <@.*a person is needed$/);
  });

  test("a severity that rises announces what still waits again, once", async () => {
    const approval = approvalOf({ id: `apr-${stage.id}`, incidentId: stage.id });
    await stage.worker.settle(viewOf({ incident: { id: stage.id }, approvals: [approval] }), []);
    const worse = viewOf({ incident: { id: stage.id, severity: "P0" }, approvals: [approval] });
    await stage.worker.settle(worse, []);
    await stage.worker.settle(worse, stage.timeline(1));
    const [, asked] = await stage.mine();
    const thread = await stage.slack.thread(stage.alerts, asked?.ts ?? "");
    assert.deepEqual(
      thread.map(({ text }) => /📈 it is P0 now/.test(text)),
      [true],
    );
  });

  test("a reminder is said once, in the approval's thread", async () => {
    const approval = approvalOf({ id: `apr-${stage.id}`, incidentId: stage.id });
    await stage.worker.settle(viewOf({ incident: { id: stage.id }, approvals: [approval] }), []);
    const reminded = viewOf({ incident: { id: stage.id }, approvals: [{ ...approval, remindedAt: NOON + 450_000 }] });
    await stage.worker.settle(reminded, []);
    await stage.worker.settle(reminded, stage.timeline(1));
    const [, asked] = await stage.mine();
    const thread = await stage.slack.thread(stage.alerts, asked?.ts ?? "");
    assert.equal(thread.length, 1);
    assert.match(thread[0]?.text ?? "", /still waiting for a decision/);
  });

  test("an approval whose message was deleted is asked again where people would have been reminded", async () => {
    const approval = approvalOf({ id: `apr-${stage.id}`, incidentId: stage.id });
    await stage.worker.settle(viewOf({ incident: { id: stage.id }, approvals: [approval] }), []);
    const [, asked] = await stage.mine();
    await stage.slack.forward("chat.delete", { channel: stage.alerts, ts: asked?.ts });
    const reminded = viewOf({ incident: { id: stage.id }, approvals: [{ ...approval, remindedAt: NOON + 450_000 }] });
    await stage.worker.settle(reminded, []);
    await stage.worker.settle(reminded, stage.timeline(1));
    const again = (await stage.mine()).filter(({ metadata }) => metadata?.event_type === "stanch_approval");
    assert.equal(again.length, 1);
    assert.notEqual(again[0]?.ts, asked?.ts);
    assert.deepEqual(await stage.slack.thread(stage.alerts, again[0]?.ts ?? ""), []);
  });
});
