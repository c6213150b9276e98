import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import type { TimelineEntry } from "../../../src/core/timeline.ts";
import { type SlackDouble, type SlackMessage, startSlack } from "../../support/slack.ts";
import { approvalOf, entryOf, leaseOf, NOON, runOf, viewOf } from "../../support/slack-desk.ts";
import { Crash, createPublisher, type Publisher } from "../../support/slack-publisher.ts";

let slack: SlackDouble;
let worker: Publisher;
let alerts: string;
let ids = 0;
/** The emulator lives for the whole file; each test has an incident of its own. */
let id: string;

before(async () => {
  slack = await startSlack({ channels: ["platform-alerts", "sec-incidents"] });
  alerts = slack.channelId("platform-alerts");
});
beforeEach(() => {
  worker = createPublisher(slack);
  id = `inc-${++ids}`;
});
afterEach(() => {
  slack.fault = () => undefined;
  assert.deepEqual(slack.faults, [], "Slack would have refused a message");
});
after(() => slack.stop());

const timeline = (length: number): TimelineEntry[] =>
  Array.from({ length }, (_, seq) => entryOf(`entry ${seq} of ${id}.`, { at: NOON + seq * 1000 }));

async function mine(channel = alerts): Promise<SlackMessage[]> {
  const all = await slack.history(channel);
  return all.filter((message) => message.metadata?.event_payload["incidentId"] === id);
}

async function rootOf(channel = alerts): Promise<SlackMessage> {
  const roots = (await mine(channel)).filter((message) => message.metadata?.event_type === "stanch_incident");
  assert.equal(roots.length, 1, "one incident message");
  return roots[0] as SlackMessage;
}

/** The numbers of the entries as they stand in the thread. */
async function told(channel = alerts): Promise<number[]> {
  const thread = await slack.thread(channel, (await rootOf(channel)).ts);
  return thread.flatMap((message) =>
    [...message.text.matchAll(/entry (\d+) of (inc-\d+)\./g)].map(([, seq]) => Number(seq)),
  );
}

const upTo = (length: number): number[] => Array.from({ length }, (_, seq) => seq);

describe("the life of an incident", () => {
  test("is one message, edited, with the timeline in its thread and approvals beside it", async () => {
    const approval = approvalOf({ id: `apr-${id}`, incidentId: id });
    const open = viewOf({ incident: { id }, runs: [runOf()], approvals: [approval] });
    await worker.settle(open, timeline(3));
    await worker.settle(viewOf({ ...open, incident: { id, taken: { by: "ben", at: NOON } } }), timeline(4));
    const decided = { ...approval, status: "approved" as const, decidedAt: NOON + 9_000, votes: [VOTE] };
    await worker.settle(
      viewOf({ incident: { id, status: "mitigated" }, approvals: [decided], leases: [leaseOf()] }),
      timeline(5),
    );
    const won = runOf({ state: { kind: "succeeded" }, endedAt: new Date(NOON + 600_000).toISOString() });
    const over = viewOf({
      incident: { id, status: "resolved", resolvedAt: NOON + 840_000 },
      runs: [won],
      approvals: [decided],
    });
    await worker.settle(over, timeline(7));

    assert.deepEqual(await told(), upTo(7));
    const root = await rootOf();
    assert.match(root.text, /Recovered · P1 · LiteLLMHighErrorRate: after 15 min, fixed by gateway-fallback/);
    assert.ok(root.edited);
    assert.match(JSON.stringify(root.attachments), /"color":"#2eb67d"/);
    const asked = (await mine()).filter((message) => message.metadata?.event_type === "stanch_approval");
    assert.equal(asked.length, 1);
    const locked = JSON.stringify(asked[0]);
    assert.match(locked, /✅ Approved/);
    assert.match(locked, /approved by \*anna\* from slack/);
    assert.doesNotMatch(locked, /"type":"button"/);
  });

  test("an equal view writes nothing", async () => {
    const view = viewOf({ incident: { id } });
    await worker.settle(view, timeline(2));
    const [calls, saves] = [slack.calls.length, worker.hooks.saves];
    await worker.settle(structuredClone(view), timeline(2));
    assert.deepEqual([slack.calls.length, worker.hooks.saves], [calls, saves]);
  });

  test("a storm of changes costs one edit once there is a turn for it", async () => {
    for (let round = 0; round < 20; round += 1) {
      await worker.publishOnce(viewOf({ incident: { id }, firing: round + 1, total: round + 1 }), []);
    }
    const before = slack.calls.length;
    await worker.settle(viewOf({ incident: { id }, firing: 99, total: 99 }), []);
    assert.ok(before < slack.calls.length + 8);
    assert.match(JSON.stringify(await rootOf()), /99 of 99 alerts/);
  });

  test("a message that somebody deleted is posted anew", async () => {
    await worker.settle(viewOf({ incident: { id } }), timeline(1));
    await slack.forward("chat.delete", { channel: alerts, ts: (await rootOf()).ts });
    await worker.settle(viewOf({ incident: { id, severity: "P0" } }), timeline(2));
    assert.match((await rootOf()).text, /P0/);
    assert.deepEqual(await told(), [1]);
  });

  test("what people wrote in the thread is not repeated there", async () => {
    const entries = [
      entryOf("entry 0 of x."),
      entryOf("I wrote this", { origin: "thread", by: "anna" }),
      entryOf("after it"),
    ];
    await worker.settle(viewOf({ incident: { id } }), entries);
    const thread = (await slack.thread(alerts, (await rootOf()).ts)).map((message) => message.text).join("\n");
    assert.doesNotMatch(thread, /I wrote this/);
    assert.match(thread, /after it/);
    assert.equal(worker.stored.state.delivered, 3);
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
    const routed = createPublisher(slack, { routes: [{ match, channel: "#sec-incidents", private: true }] });
    await routed.settle(viewOf({ incident: { id, labels: { team: "security" } } }), timeline(1));
    assert.deepEqual(await told(slack.channelId("sec-incidents")), [0]);
    assert.deepEqual(await mine(), []);
  });

  test("a channel that does not exist is said with what to do, and posting resumes when it does", async () => {
    const lost = createPublisher(slack, { channel: "#no-such-channel" });
    const result = await lost.publishOnce(viewOf({ incident: { id } }), []);
    assert.ok(!result.ok);
    assert.match(result.why, /#no-such-channel.*create it, or invite/);
    assert.deepEqual(lost.stored.state, { delivered: 0, approvals: {} });
  });
});

const VOTE = { by: "anna", person: "anna", via: "slack", at: NOON + 9_000, decision: "approve" as const };

describe("approvals and escalations", () => {
  test("an expired or decided approval is never announced", async () => {
    const late = approvalOf({ id: `apr-late-${id}`, incidentId: id, expiresAt: NOON - 1 });
    const gone = approvalOf({ id: `apr-gone-${id}`, incidentId: id, status: "withdrawn" });
    await worker.settle(viewOf({ incident: { id }, approvals: [late, gone] }), []);
    assert.equal((await mine()).length, 1);
  });

  test("are posted before a long timeline", async () => {
    const approval = approvalOf({ id: `apr-${id}`, incidentId: id });
    const entries = [
      ...timeline(100),
      entryOf("nobody answers", { kind: "escalation", notify: ["slack:@platform-oncall"] }),
    ];
    const result = await worker.publishOnce(viewOf({ incident: { id }, approvals: [approval] }), entries);
    assert.ok(!result.ok, "the timeline has to wait for its turn");
    const posted = (await mine()).map((message) => message.metadata?.event_type);
    assert.deepEqual(posted, ["stanch_incident", "stanch_escalation", "stanch_approval"]);
    const [, escalation] = await mine();
    assert.match(escalation?.text ?? "", new RegExp(`<!subteam\\^S045DEFGH> <@${slack.userId("anna")}> 📣 \\*P1`));
    await worker.settle(viewOf({ incident: { id }, approvals: [approval] }), entries);
    assert.equal((await mine()).length, 3, "announced once");
    assert.deepEqual(await told(), upTo(100));
  });

  test("a need for a person that names nobody calls the default group; one for PagerDuty alone is not said here", async () => {
    const entries = [
      entryOf("a person is needed", { kind: "escalation" }),
      entryOf("paged", { kind: "escalation", notify: ["pagerduty:x"] }),
    ];
    await worker.settle(viewOf({ incident: { id } }), entries);
    const calls = (await mine()).filter((message) => message.metadata?.event_type === "stanch_escalation");
    assert.equal(calls.length, 1);
    assert.match(calls[0]?.text ?? "", /^<!subteam\^S045DEFGH> <@.*a person is needed$/);
  });

  test("a reminder is said once, in the approval's thread", async () => {
    const approval = approvalOf({ id: `apr-${id}`, incidentId: id });
    await worker.settle(viewOf({ incident: { id }, approvals: [approval] }), []);
    const reminded = viewOf({ incident: { id }, approvals: [{ ...approval, remindedAt: NOON + 450_000 }] });
    await worker.settle(reminded, []);
    await worker.settle(reminded, timeline(1));
    const [, asked] = await mine();
    const thread = await slack.thread(alerts, asked?.ts ?? "");
    assert.equal(thread.length, 1);
    assert.match(thread[0]?.text ?? "", /still waiting for a decision/);
  });
});

describe("when Slack fails", () => {
  test("after an hour away the thread is complete and in order, and what is decided by then is not asked", async () => {
    slack.fault = () => "lost";
    const approval = approvalOf({ id: `apr-${id}`, incidentId: id });
    const result = await worker.publishOnce(viewOf({ incident: { id }, approvals: [approval] }), timeline(10));
    assert.ok(!result.ok);
    worker.clock.now += 3_600_000;
    slack.fault = () => undefined;
    const over = viewOf({
      incident: { id, status: "resolved", resolvedAt: NOON + 1_000_000 },
      approvals: [{ ...approval, status: "approved" }],
    });
    await worker.settle(over, timeline(150));
    assert.deepEqual(await told(), upTo(150));
    assert.equal((await mine()).length, 1);
  });

  test("while it is away it is asked again every five seconds, not for every incident", async () => {
    slack.fault = () => "lost";
    await worker.publishOnce(viewOf({ incident: { id } }), []);
    const before = slack.calls.length;
    for (let other = 0; other < 10; other += 1)
      await worker.publishOnce(viewOf({ incident: { id: `${id}-${other}` } }), []);
    assert.equal(slack.calls.length, before);
  });

  test("a 429 on one channel delays only that one, for as long as it says", async () => {
    const match = [
      {
        label: "team",
        operator: "=" as const,
        value: "s",
        test: (labels: Readonly<Record<string, string>>) => labels["team"] === "s",
      },
    ];
    const routed = createPublisher(slack, { routes: [{ match, channel: "#sec-incidents", private: false }] });
    slack.fault = (call) => (call.args["channel"] === alerts ? { limited: 30 } : undefined);
    const limited = await routed.publishOnce(viewOf({ incident: { id } }), []);
    assert.ok(!limited.ok && limited.retryAfter === 30_000);
    const other = createPublisher(slack, { routes: [{ match, channel: "#sec-incidents", private: false }] });
    await other.settle(viewOf({ incident: { id, labels: { team: "s" } } }), timeline(1));
    slack.fault = () => undefined;
    const again = await routed.publishOnce(viewOf({ incident: { id } }), []);
    assert.ok(!again.ok && again.retryAfter === 30_000, "it holds although Slack would take it now");
    routed.clock.now += 30_000;
    await routed.settle(viewOf({ incident: { id } }), timeline(2));
    assert.deepEqual(await told(), [0, 1]);
  });

  test("blocks that Slack refuses are sent as text", async () => {
    slack.fault = ({ args }) =>
      Array.isArray(args["blocks"]) && args["blocks"].length > 0 ? { error: "invalid_blocks" } : undefined;
    await worker.settle(viewOf({ incident: { id } }), timeline(2));
    assert.deepEqual(await told(), [0, 1]);
  });

  for (const fault of ["dropped", "lost"] as const) {
    test(`a post that is ${fault} at any moment leaves nothing double and nothing out`, async () => {
      const calls = await countCalls();
      for (let broken = 1; broken <= calls; broken += 1) {
        await freshIncident();
        let seen = 0;
        slack.fault = () => (++seen === broken ? fault : undefined);
        await story();
        await expectWhole(`call ${broken} ${fault}`);
      }
    });
  }

  test("a crash at any save leaves nothing double and nothing out", async () => {
    await story();
    const saves = worker.hooks.saves;
    for (let broken = 1; broken <= saves; broken += 1) {
      await freshIncident();
      worker.hooks.beforeSave = (count) => {
        if (count === broken) throw new Crash();
      };
      await story();
      await expectWhole(`crash at save ${broken}`);
    }
  });

  test("another process leaves an unfinished post alone until its time is over, then reads what arrived", async () => {
    worker.hooks.beforeSave = (count) => {
      if (count === 2) throw new Crash();
    };
    await assert.rejects(worker.publishOnce(viewOf({ incident: { id } }), timeline(1)), Crash);
    worker.restart();
    const early = await worker.publishOnce(viewOf({ incident: { id } }), timeline(1));
    assert.ok(!early.ok && early.retryAfter === 30_000);
    await worker.settle(viewOf({ incident: { id } }), timeline(1));
    assert.deepEqual(await told(), [0]);
  });

  test("somebody else's message with our mark is not taken for ours", async () => {
    await worker.settle(viewOf({ incident: { id } }), timeline(1));
    const forged = { event_type: "stanch_timeline", event_payload: { incidentId: id, seq: 1, through: 99 } };
    const thread = { channel: alerts, thread_ts: (await rootOf()).ts, text: "forged", metadata: forged };
    assert.equal((await slack.forward("chat.postMessage", thread, "ben"))["ok"], true);
    let lost = 0;
    slack.fault = ({ method }) => (method === "chat.postMessage" && lost++ === 0 ? "lost" : undefined);
    await worker.settle(viewOf({ incident: { id } }), timeline(5));
    assert.deepEqual(await told(), upTo(5));
  });
});

async function freshIncident(): Promise<void> {
  slack.fault = () => undefined;
  worker = createPublisher(slack);
  id = `inc-${++ids}`;
}

/** Everything that is posted: the message, an approval, an escalation, a reminder, two rounds of the timeline. */
async function story(): Promise<void> {
  const approval = approvalOf({ id: `apr-${id}`, incidentId: id });
  const first = [...timeline(25), entryOf("calls", { kind: "escalation", notify: ["slack:@platform-oncall"] })];
  await worker.settle(viewOf({ incident: { id }, approvals: [approval] }), first);
  const reminded = { ...approval, remindedAt: NOON + 1 };
  await worker.settle(viewOf({ incident: { id, severity: "P0" }, approvals: [reminded] }), [
    ...first,
    entryOf(`entry 25 of ${id}.`),
  ]);
}

async function countCalls(): Promise<number> {
  const before = slack.calls.length;
  await story();
  return slack.calls.length - before;
}

async function expectWhole(where: string): Promise<void> {
  slack.fault = () => undefined;
  assert.deepEqual(await told(), upTo(26), where);
  const types = (await mine()).map((message) => message.metadata?.event_type).sort();
  assert.deepEqual(types, ["stanch_approval", "stanch_escalation", "stanch_incident"], where);
  const approval = (await mine()).find((message) => message.metadata?.event_type === "stanch_approval");
  assert.equal((await slack.thread(alerts, approval?.ts ?? "")).length, 1, `${where}: one reminder`);
  assert.match((await rootOf()).text, /P0/, where);
}
