import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { alertmanagerExpireSilence } from "../../src/actions/alertmanager/expire-silence.ts";
import { alertmanagerSilence } from "../../src/actions/alertmanager/silence.ts";
import { sendPagerDuty } from "../../src/actions/index.ts";
import { pagerdutyTrigger } from "../../src/actions/pagerduty/trigger.ts";
import { type AlertmanagerStub, startAlertmanagerStub } from "../stubs/alertmanager.ts";
import { type PagerDutyStub, ROUTING_KEY, startPagerDutyStub } from "../stubs/pagerduty.ts";
import { connectionsOf, contextOf, failureOf, outputOf } from "./support.ts";

let alertmanager: AlertmanagerStub;
let pagerduty: PagerDutyStub;
let connections: ReturnType<typeof connectionsOf>;

before(async () => {
  [alertmanager, pagerduty] = await Promise.all([startAlertmanagerStub(), startPagerDutyStub()]);
  connections = connectionsOf({
    alertmanager: { main: { url: alertmanager.url } },
    pagerduty: {
      platform: { routingKey: ROUTING_KEY, url: pagerduty.url },
      wrong: { routingKey: "x".repeat(32), url: pagerduty.url },
    },
  });
});
beforeEach(() => {
  pagerduty.incidents.clear();
  pagerduty.heal();
  alertmanager.heal();
});
after(async () => {
  await connections.close();
  await Promise.all([alertmanager.close(), pagerduty.close()]);
});

const silence = { matchers: [{ name: "alertname", value: "RouterDown" }], minutes: 30, comment: "restarting" };

test("pages of one incident fall together, and a resolve ends it", async () => {
  const page = { connection: "platform", summary: "down", dedupKey: "inc-12" };
  outputOf(await pagerdutyTrigger.run(page, contextOf(connections)));
  outputOf(await pagerdutyTrigger.run(page, contextOf(connections)));
  assert.deepEqual([...pagerduty.incidents], [["inc-12", 2]]);
  const sent = await sendPagerDuty(
    connections.find("pagerduty", "platform"),
    { action: "resolve", dedupKey: "inc-12" },
    AbortSignal.timeout(5_000),
  );
  assert.ok(sent.ok);
  assert.equal(pagerduty.incidents.size, 0);
});

test("without a key the step's own keeps repeats together", async () => {
  const output = outputOf(
    await pagerdutyTrigger.run({ connection: "platform", summary: "down" }, contextOf(connections)),
  );
  assert.equal(output.dedupKey, "run-1f0c9a2b3d4e/redeploy");
});

test("a routing key that PagerDuty refuses is a failure without the key", async () => {
  const refused = failureOf(
    await pagerdutyTrigger.run({ connection: "wrong", summary: "down" }, contextOf(connections)),
  );
  assert.deepEqual([refused.reason, refused.retryable], ["refused", false]);
  assert.ok(!refused.message.includes("xxxxxxxx"));
});

test("a silence names what it mutes and is never all-embracing or endless", () => {
  const bad = [
    { matchers: [] },
    { matchers: [{ name: "alertname", value: ".*", isRegex: true }] },
    { matchers: [{ name: "alertname", value: "X", isEqual: false }] },
    { matchers: [{ name: "alertname", value: "" }] },
    { minutes: 24 * 60 + 1 },
    { minutes: 0 },
  ];
  for (const over of bad)
    assert.equal(alertmanagerSilence.input.safeParse({ ...silence, ...over }).success, false, JSON.stringify(over));
  assert.equal(alertmanagerSilence.describe(silence), 'silence alerts with alertname="RouterDown" for 30 min');
});

test("a silence that has ended, or that nobody knows, needs no ending", async () => {
  const { silenceId } = outputOf(await alertmanagerSilence.run(silence, contextOf(connections)));
  const end = (id: unknown) => alertmanagerExpireSilence.run({ silenceId: id }, contextOf(connections));
  assert.equal(outputOf(await end(silenceId)).changed, true);
  assert.equal(outputOf(await end(silenceId)).changed, false);
  assert.equal(outputOf(await end("unknown-id")).changed, false);
  alertmanager.fail({ kind: "status", status: 404, body: "default backend - 404" }, { times: 1 });
  assert.equal(failureOf(await end(silenceId)).reason, "not_found", "a 404 of what stands before it says nothing");
});
