import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { entryOf, NOON, viewOf } from "../../support/slack-desk.ts";
import { useStage } from "../../support/slack-incident.ts";
import { Crash } from "../../support/slack-publisher.ts";

const stage = useStage();

const call = (notify: readonly string[], at = NOON) => entryOf("not mitigated", { kind: "escalation", notify, at });

async function callsIn(channel: string): Promise<readonly string[]> {
  const messages = await stage.mine(stage.slack.channelId(channel));
  return messages.filter((one) => one.metadata?.event_type === "stanch_escalation").map((one) => one.text);
}

describe("`slack:#CHANNEL` of an escalation level", () => {
  test("is said there too, once, with the people of the same level", async () => {
    const entries = [call(["slack:#sec-incidents", "slack:@platform-oncall", "pagerduty:x"])];
    const view = viewOf({ incident: { id: stage.id } });
    await stage.worker.settle(view, entries);
    await stage.worker.settle(view, [...entries, entryOf("and on")]);
    for (const channel of ["platform-alerts", "sec-incidents"]) {
      const said = await callsIn(channel);
      assert.equal(said.length, 1, channel);
      assert.match(said[0] ?? "", /^<!subteam\^S045DEFGH> <@.*not mitigated$/);
    }
    assert.equal(stage.worker.stored.state.elsewhere, undefined);
  });

  test("is never a mention of everybody", async () => {
    await stage.worker.settle(viewOf({ incident: { id: stage.id } }), [call(["slack:#sec-incidents"])]);
    assert.match((await callsIn("platform-alerts"))[0] ?? "", /^📣 /);
    assert.match((await callsIn("sec-incidents"))[0] ?? "", /^📣 /);
  });

  test("is said once although the worker dies at any save", async () => {
    for (let save = 1; save <= 4; save += 1) {
      stage.fresh();
      let crashed = false;
      stage.worker.hooks.beforeSave = (count) => {
        if (count !== save || crashed) return;
        crashed = true;
        throw new Crash();
      };
      const entries = [call(["slack:#sec-incidents", "slack:@platform-oncall"])];
      await stage.worker.settle(viewOf({ incident: { id: stage.id } }), entries);
      assert.equal((await callsIn("platform-alerts")).length, 1, `dead at save ${save}`);
      assert.equal((await callsIn("sec-incidents")).length, 1, `dead at save ${save}`);
    }
  });

  test("where the app may not post keeps nobody else waiting", async () => {
    const closed = stage.slack.channelId("sec-incidents");
    stage.slack.fault = ({ method, args }) =>
      method === "chat.postMessage" && args["channel"] === closed ? { error: "not_in_channel" } : undefined;
    const entries = [call(["slack:#sec-incidents", "slack:#no-such-place", "slack:@platform-oncall"])];
    await stage.worker.settle(viewOf({ incident: { id: stage.id } }), entries);
    assert.equal((await callsIn("platform-alerts")).length, 1);
  });
});

test("what is called for after the incident was over still calls; what was said before does not", async () => {
  const incident = { id: stage.id, status: "resolved" as const, resolvedAt: NOON + 60_000 };
  const entries = [call(["slack:@platform-oncall"], NOON), call(["slack:@platform-oncall"], NOON + 90_000)];
  await stage.worker.settle(viewOf({ incident }), entries);
  assert.equal((await callsIn("platform-alerts")).length, 1);
});
