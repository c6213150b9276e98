import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { createCloudWatch } from "../../src/sources/cloudwatch.ts";
import { refusalOf } from "./conformance.ts";

const fixture = (name: string) => readFileSync(new URL(`../fixtures/cloudwatch/${name}.json`, import.meta.url), "utf8");
const ENVELOPE = {
  Type: "Notification",
  MessageId: "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
  TopicArn: "arn:aws:sns:us-west-1:123456789012:alerts",
  Timestamp: "2026-11-21T12:30:16.000Z",
  SignatureVersion: "2",
  SigningCertURL: "https://sns.us-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
  Signature: "not looked at by parse",
};
const source = createCloudWatch(
  { topics: [ENVELOPE.TopicArn], allowSignatureVersion1: false },
  { now: () => 0, fetchCertificate: async () => "", confirmSubscription: async () => {} },
);

describe("CloudWatch's alarm message", () => {
  const parse = (message: string) => source.parse(JSON.stringify({ ...ENVELOPE, Message: message }));
  const alertOf = (message: string) => parse(message).alerts[0];

  it("of a metric alarm gives labels from name, ARN and dimensions", () => {
    const alert = alertOf(fixture("metric"));
    assert.deepEqual(alert?.labels, {
      ServiceName: "litellm",
      ClusterName: "kong-llm-gateway-poc",
      service: "litellm",
      cluster: "kong-llm-gateway-poc",
      alertname: "litellm-5xx",
      region: "us-west-1",
      account: "123456789012",
      metric_name: "HTTPCode_Target_5XX_Count",
      metric_namespace: "AWS/ECS",
    });
    assert.equal(alert?.startsAt, Date.parse("2026-11-21T12:30:15.123Z"));
    assert.equal(alert?.annotations.threshold, "10");
    assert.equal(
      alert?.url,
      "https://us-west-1.console.aws.amazon.com/cloudwatch/home?region=us-west-1#alarmsV2:alarm/litellm-5xx",
    );
  });

  it("of a composite alarm has a rule and no dimensions", () => {
    const alert = alertOf(fixture("composite"));
    assert.deepEqual(alert?.labels, { alertname: "gateway/any", region: "us-west-1", account: "123456789012" });
    assert.equal(alert?.annotations.alarm_rule, "ALARM(litellm-5xx) OR ALARM(litellm-latency)");
  });

  it("of one time series of an alarm is an alert of its own, with that series' attributes as dimensions", () => {
    const whole = JSON.parse(fixture("metric-math"));
    const of = (id: string, attributes: unknown) =>
      parse(JSON.stringify({ ...whole, AlarmContributorId: id, AlarmContributorAttributes: attributes }));
    const groups = [parse(JSON.stringify(whole)), of("6d442278dba546f6", { ServiceName: "litellm" }), of("77", null)];
    const alerts = groups.flatMap((group) => group.alerts);
    assert.equal(new Set(alerts.map(({ fingerprint }) => fingerprint)).size, 3);
    assert.equal(new Set(groups.map(({ groupKey }) => groupKey)).size, 3);
    assert.deepEqual(
      alerts.map(({ labels }) => [labels.alertname, labels.service, labels.cluster]),
      [
        ["error-ratio", undefined, "prod"],
        ["error-ratio", "litellm", "prod"],
        ["error-ratio", undefined, "prod"],
      ],
    );
  });

  it("of a metric-math alarm gives the dimensions on which its metrics agree", () => {
    const alert = alertOf(fixture("metric-math"));
    assert.equal(alert?.labels.cluster, "prod");
    assert.equal(alert?.labels.Code, undefined);
    assert.equal(alert?.labels.region, "eu-central-1");
    assert.equal(alert?.labels.metric_name, "Requests");
  });

  it("keeps its fingerprint when the alarm is edited, and with another name has another", () => {
    const edited = fixture("metric").replace('"litellm","name":"ServiceName"', '"other","name":"ServiceName"');
    assert.equal(alertOf(edited)?.fingerprint, alertOf(fixture("metric"))?.fingerprint);
    assert.notEqual(alertOf(edited)?.labels.service, "litellm");
    assert.notEqual(alertOf(fixture("composite"))?.fingerprint, alertOf(edited)?.fingerprint);
  });

  it("with too little data is unknown", () => {
    assert.equal(alertOf(fixture("metric").replace('"ALARM"', '"INSUFFICIENT_DATA"'))?.status, "unknown");
  });

  it("without an ARN takes region and account from the topic", () => {
    const { AlarmArn: _, AWSAccountId: __, ...rest } = JSON.parse(fixture("metric"));
    const alert = alertOf(JSON.stringify(rest));
    assert.deepEqual([alert?.labels.region, alert?.labels.account], ["us-west-1", "123456789012"]);
    assert.equal(alert?.fingerprint, alertOf(fixture("metric"))?.fingerprint);
  });

  it("cannot overwrite our labels by a dimension or a tag", () => {
    const message = JSON.parse(fixture("metric"));
    message.Trigger.Dimensions = [
      { name: "alertname", value: "x" },
      { name: "region", value: "x" },
      { name: "__proto__", value: "x" },
      { name: "2nd.name", value: "v" },
      null,
      { name: 7, value: "x" },
    ];
    message.AlarmTags = { account: "x", service: "tagged" };
    const labels = alertOf(JSON.stringify(message))?.labels ?? {};
    assert.deepEqual([labels.alertname, labels.region, labels.account], ["litellm-5xx", "us-west-1", "123456789012"]);
    assert.deepEqual([labels.service, labels._2nd_name], ["tagged", "v"]);
    assert.equal(Object.getPrototypeOf(labels), Object.prototype);
  });

  it("names what is wrong with it", async () => {
    const message = JSON.parse(fixture("metric"));
    const cases: readonly (readonly [string, RegExp])[] = [
      ["hello", /^Message: not valid JSON/],
      ["[]", /^Message: expected an object$/],
      ["{}", /^Message\.AlarmName: expected a string/],
      [JSON.stringify({ ...message, NewStateValue: "toString" }), /^Message\.NewStateValue: expected ALARM, OK or/],
      [JSON.stringify({ ...message, StateChangeTime: "soon" }), /^Message\.StateChangeTime: expected an RFC 3339/],
    ];
    for (const [text, expected] of cases) assert.match((await refusalOf(() => parse(text))).message, expected);
  });
});
