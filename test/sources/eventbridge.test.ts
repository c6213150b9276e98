import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { createEventBridge } from "../../src/sources/eventbridge.ts";
import { describeSource, refusalOf } from "./conformance.ts";

const fixture = (name: string) =>
  readFileSync(new URL(`../fixtures/eventbridge/${name}.json`, import.meta.url), "utf8");
const source = createEventBridge({ kind: "basic", username: "events", password: "pw" });
const firing = fixture("metric");
const resolved = firing
  .replace('"value":"OK"', '"value":"ALARM"')
  .replace(/"value":"ALARM"},"alarmTags"/, '"value":"OK"},"alarmTags"');

describeSource("eventbridge", () => ({
  source,
  firing,
  resolved,
  call: (body) => ({ headers: { authorization: `Basic ${btoa("events:pw")}` }, body }),
  refused: {
    "no credentials": (body) => ({ headers: {}, body }),
    "a wrong password": (body) => ({ headers: { authorization: `Basic ${btoa("events:no")}` }, body }),
    "a bearer token": (body) => ({ headers: { authorization: "Bearer pw" }, body }),
  },
}));

describe("EventBridge's alarm event", () => {
  it("becomes an alert with labels from dimensions, tags and ARN", () => {
    const group = source.parse(firing);
    const [alert] = group.alerts;
    assert.deepEqual(alert?.labels, {
      ServiceName: "litellm",
      ClusterName: "kong-llm-gateway-poc",
      service: "litellm",
      cluster: "kong-llm-gateway-poc",
      team: "platform",
      aws_like_key: "v",
      alertname: "litellm-5xx",
      region: "us-west-1",
      account: "123456789012",
      metric_name: "HTTPCode_Target_5XX_Count",
      metric_namespace: "AWS/ECS",
    });
    assert.deepEqual(alert?.annotations, {
      summary: "Threshold Crossed: 1 out of the last 1 datapoints",
      description: "LiteLLM answers with 5xx",
      value: "42",
      threshold: "10",
    });
    assert.equal(alert?.startsAt, Date.parse("2026-11-21T12:30:15.123Z"));
    assert.equal(group.groupKey, "arn:aws:cloudwatch:us-west-1:123456789012:alarm:litellm-5xx");
  });

  it("may be of one time series of an alarm, which is an alert of its own", async () => {
    const event = JSON.parse(firing);
    const ofOne = (alarmContributor: unknown) =>
      JSON.stringify({
        ...event,
        "detail-type": "CloudWatch Alarm Contributor State Change",
        detail: {
          ...event.detail,
          configuration: { metrics: [{ id: "m1", expression: "SELECT ..." }] },
          alarmContributor,
        },
      });
    const [alert] = source.parse(ofOne({ id: "6d442278dba546f6", attributes: { ServiceName: "other", n: 1 } })).alerts;
    assert.notEqual(alert?.fingerprint, source.parse(firing).alerts[0]?.fingerprint);
    assert.deepEqual(
      [alert?.labels.service, alert?.labels.alertname, alert?.status],
      ["other", "litellm-5xx", "firing"],
    );
    for (const [path, wrong] of [
      ["detail.alarmContributor", undefined],
      ["detail.alarmContributor.id", { attributes: {} }],
    ] as const)
      assert.match((await refusalOf(() => source.parse(ofOne(wrong)))).message, new RegExp(`^${path}: `));
  });

  it("says when the alarm is muted or its actions are suppressed, which EventBridge tells of all the same", () => {
    const event = JSON.parse(fixture("composite"));
    const { state } = event.detail;
    const detail = {
      ...event.detail,
      state: { ...state, actionsSuppressedBy: "Alarm" },
      muteDetail: { mutedByArn: "arn:m" },
    };
    const [alert] = source.parse(JSON.stringify({ ...event, detail })).alerts;
    assert.deepEqual([alert?.annotations.muted_by, alert?.annotations.suppressed_by], ["arn:m", "Alarm"]);
    assert.equal(source.parse(fixture("composite")).alerts[0]?.annotations.muted_by, undefined);
  });

  it("may be of a composite alarm", () => {
    const [alert] = source.parse(fixture("composite")).alerts;
    assert.deepEqual(alert?.labels, { alertname: "gateway/any", region: "us-west-1", account: "123456789012" });
    assert.equal(alert?.annotations.alarm_rule, "ALARM(litellm-5xx) OR ALARM(litellm-latency)");
    assert.match(alert?.url ?? "", /#alarmsV2:alarm\/gateway%2Fany$/);
  });

  it("keeps an alarm whose extras cannot be read", () => {
    const event = JSON.parse(firing);
    event.detail.state.reasonData = "{not json";
    event.detail.configuration = { metrics: [null, 7, { metricStat: {} }] };
    event.detail.alarmTags = ["a"];
    event.resources = [];
    const [alert] = source.parse(JSON.stringify(event)).alerts;
    assert.equal(alert?.fingerprint, source.parse(firing).alerts[0]?.fingerprint);
    assert.equal(alert?.annotations.value, undefined);
  });

  it("names what is wrong", async () => {
    const event = JSON.parse(firing);
    const cases: readonly (readonly [object, RegExp])[] = [
      [{ ...event, "detail-type": "EC2 Instance State-change" }, /^detail-type: expected "CloudWatch Alarm/],
      [{ ...event, detail: null }, /^detail: expected an object$/],
      [{ ...event, detail: { ...event.detail, alarmName: "" } }, /^detail\.alarmName: expected a string/],
      [
        { ...event, detail: { ...event.detail, state: { value: "FINE" } } },
        /^detail\.state\.value: expected ALARM, OK/,
      ],
    ];
    for (const [body, message] of cases) {
      assert.match((await refusalOf(() => source.parse(JSON.stringify(body)))).message, message);
    }
  });
});
