import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { silentLog } from "../../../src/core/log.ts";
import { approvalOf, entryOf, NOON, viewOf } from "../../support/slack-desk.ts";
import { upTo, useStage } from "../../support/slack-incident.ts";
import { Crash, createPublisher } from "../../support/slack-publisher.ts";

const stage = useStage();

describe("when Slack fails", () => {
  test("after an hour away the thread is complete and in order, and what is decided by then is not asked", async () => {
    stage.slack.fault = () => "lost";
    const approval = approvalOf({ id: `apr-${stage.id}`, incidentId: stage.id });
    const result = await stage.worker.publishOnce(
      viewOf({ incident: { id: stage.id }, approvals: [approval] }),
      stage.timeline(10),
    );
    assert.ok(!result.ok);
    stage.worker.clock.now += 3_600_000;
    stage.slack.fault = () => undefined;
    const over = viewOf({
      incident: { id: stage.id, status: "resolved", resolvedAt: NOON + 1_000_000 },
      approvals: [{ ...approval, status: "approved" }],
    });
    await stage.worker.settle(over, stage.timeline(150));
    assert.deepEqual(await stage.told(), upTo(150));
    assert.equal((await stage.mine()).length, 1);
  });

  test("while it is away it is asked again every five seconds, not for every incident", async () => {
    stage.slack.fault = () => "lost";
    await stage.worker.publishOnce(viewOf({ incident: { id: stage.id } }), []);
    const before = stage.slack.calls.length;
    for (let other = 0; other < 10; other += 1)
      await stage.worker.publishOnce(viewOf({ incident: { id: `${stage.id}-${other}` } }), []);
    assert.equal(stage.slack.calls.length, before);
  });

  test("why nothing is shown is in the log, once a minute and not for every incident and attempt", async () => {
    const said: string[] = [];
    const warn = (fields: object): void => void said.push(String(Reflect.get(fields, "why")));
    const worker = createPublisher(stage.slack, {}, { ...silentLog, warn });
    stage.slack.fault = () => ({ error: "token_revoked" });
    for (let attempt = 0; attempt < 6; attempt += 1) {
      await worker.publishOnce(viewOf({ incident: { id: `${stage.id}-${attempt % 3}` } }), []);
      worker.clock.now += 25_000;
    }
    const refused = said.filter((why) => why.includes("token_revoked; install the app again"));
    assert.equal(refused.length, 2);
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
    const routed = createPublisher(stage.slack, { routes: [{ match, channel: "#sec-incidents", private: false }] });
    stage.slack.fault = (call) => (call.args["channel"] === stage.alerts ? { limited: 30 } : undefined);
    const limited = await routed.publishOnce(viewOf({ incident: { id: stage.id } }), []);
    assert.ok(!limited.ok && limited.retryAfter === 30_000);
    const other = createPublisher(stage.slack, { routes: [{ match, channel: "#sec-incidents", private: false }] });
    await other.settle(viewOf({ incident: { id: stage.id, labels: { team: "s" } } }), stage.timeline(1));
    stage.slack.fault = () => undefined;
    const again = await routed.publishOnce(viewOf({ incident: { id: stage.id } }), []);
    assert.ok(!again.ok && again.retryAfter === 30_000, "it holds although Slack would take it now");
    routed.clock.now += 30_000;
    await routed.settle(viewOf({ incident: { id: stage.id } }), stage.timeline(2));
    assert.deepEqual(await stage.told(), [0, 1]);
  });

  test("blocks that Slack refuses are sent as text", async () => {
    stage.slack.fault = ({ args }) =>
      Array.isArray(args["blocks"]) && args["blocks"].length > 0 ? { error: "invalid_blocks" } : undefined;
    await stage.worker.settle(viewOf({ incident: { id: stage.id } }), stage.timeline(2));
    assert.deepEqual(await stage.told(), [0, 1]);
  });

  for (const fault of ["dropped", "lost"] as const) {
    test(`a post that is ${fault} at any moment leaves nothing double and nothing out`, async () => {
      const calls = await countCalls();
      for (let broken = 1; broken <= calls; broken += 1) {
        stage.fresh();
        let seen = 0;
        stage.slack.fault = () => (++seen === broken ? fault : undefined);
        await story();
        await expectWhole(`call ${broken} ${fault}`);
      }
    });
  }

  test("a crash at any save leaves nothing double and nothing out", async () => {
    await story();
    const saves = stage.worker.hooks.saves;
    for (let broken = 1; broken <= saves; broken += 1) {
      stage.fresh();
      stage.worker.hooks.beforeSave = (count) => {
        if (count === broken) throw new Crash();
      };
      await story();
      await expectWhole(`crash at save ${broken}`);
    }
  });

  test("another process leaves an unfinished post alone until its time is over, then reads what arrived", async () => {
    stage.worker.hooks.beforeSave = (count) => {
      if (count === 2) throw new Crash();
    };
    await assert.rejects(stage.worker.publishOnce(viewOf({ incident: { id: stage.id } }), stage.timeline(1)), Crash);
    stage.worker.restart();
    const early = await stage.worker.publishOnce(viewOf({ incident: { id: stage.id } }), stage.timeline(1));
    assert.ok(!early.ok && early.retryAfter === 30_000);
    await stage.worker.settle(viewOf({ incident: { id: stage.id } }), stage.timeline(1));
    assert.deepEqual(await stage.told(), [0]);
  });

  test("somebody else's message with our mark is not taken for ours", async () => {
    await stage.worker.settle(viewOf({ incident: { id: stage.id } }), stage.timeline(1));
    const forged = { event_type: "stanch_timeline", event_payload: { incidentId: stage.id, seq: 1, through: 99 } };
    const thread = { channel: stage.alerts, thread_ts: (await stage.root()).ts, text: "forged", metadata: forged };
    assert.equal((await stage.slack.forward("chat.postMessage", thread, "ben"))["ok"], true);
    let lost = 0;
    stage.slack.fault = ({ method }) => (method === "chat.postMessage" && lost++ === 0 ? "lost" : undefined);
    await stage.worker.settle(viewOf({ incident: { id: stage.id } }), stage.timeline(5));
    assert.deepEqual(await stage.told(), upTo(5));
  });
});

async function story(): Promise<void> {
  const approval = approvalOf({ id: `apr-${stage.id}`, incidentId: stage.id });
  const first = [...stage.timeline(25), entryOf("calls", { kind: "escalation", notify: ["slack:@platform-oncall"] })];
  await stage.worker.settle(viewOf({ incident: { id: stage.id }, approvals: [approval] }), first);
  const reminded = { ...approval, remindedAt: NOON + 1 };
  await stage.worker.settle(viewOf({ incident: { id: stage.id, severity: "P0" }, approvals: [reminded] }), [
    ...first,
    entryOf(`entry 25 of ${stage.id}.`),
  ]);
}

async function countCalls(): Promise<number> {
  const before = stage.slack.calls.length;
  await story();
  return stage.slack.calls.length - before;
}

async function expectWhole(where: string): Promise<void> {
  stage.slack.fault = () => undefined;
  assert.deepEqual(await stage.told(), upTo(26), where);
  const types = (await stage.mine()).map((message) => message.metadata?.event_type).sort();
  assert.deepEqual(types, ["stanch_approval", "stanch_escalation", "stanch_incident"], where);
  const approval = (await stage.mine()).find((message) => message.metadata?.event_type === "stanch_approval");
  const nudged = (await stage.slack.thread(stage.alerts, approval?.ts ?? "")).map(
    ({ metadata }) => metadata?.event_payload["nudge"],
  );
  assert.deepEqual(nudged, ["P0", "half-time"], where);
  assert.match((await stage.root()).text, /P0/, where);
  await stage.clear();
}
