import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { commonLabels, correlate, titleOf } from "../../src/core/correlate.ts";

const BY = ["service", "cluster", "namespace"];

const keys: readonly [string, Readonly<Record<string, string>>, readonly string[], string][] = [
  [
    "all labels",
    { service: "litellm", cluster: "prod", namespace: "gw", alertname: "A" },
    BY,
    "service=litellm,cluster=prod,namespace=gw",
  ],
  ["in the order of correlate-by", { cluster: "prod", service: "litellm" }, BY, "service=litellm,cluster=prod"],
  ["service alone", { service: "litellm", alertname: "A" }, BY, "service=litellm"],
  ["no service: the alertname in front", { alertname: "A", cluster: "prod" }, BY, "alertname=A,cluster=prod"],
  ["an empty service is no service", { alertname: "A", service: "", cluster: "prod" }, BY, "alertname=A,cluster=prod"],
  ["none of the labels", { alertname: "A", pod: "x" }, BY, "alertname=A"],
  ["not even an alertname", { pod: "x" }, BY, "alertname="],
  ["other labels, as configured", { alertname: "A", team: "security" }, ["team"], "team=security"],
  ["other labels, none present", { alertname: "A" }, ["team"], "alertname=A"],
  ["alertname among them", { alertname: "A", team: "x" }, ["team", "alertname"], "team=x,alertname=A"],
  ["values that could be read as pairs", { service: "a,cluster=b" }, BY, 'service="a,cluster=b"'],
];

for (const [what, labels, by, key] of keys) {
  test(`correlation key: ${what}`, () => assert.equal(correlate(labels, by).key, key));
}

test("two alerts share a key only when their correlation labels are the same", () => {
  const value = fc.stringMatching(/^[ab,="]{0,6}$/);
  const labels = fc.record({ service: value, cluster: value, namespace: value, alertname: value });
  fc.assert(
    fc.property(labels, labels, (a, b) => {
      const [one, other] = [correlate(a, BY), correlate(b, BY)];
      assert.equal(one.key === other.key, JSON.stringify(one.labels) === JSON.stringify(other.labels));
    }),
  );
});

test("the title names the alert and where it fires", () => {
  const labels = { alertname: "LiteLLMHighErrorRate", service: "litellm", cluster: "prod" };
  assert.equal(titleOf(labels, correlate(labels, BY)), "LiteLLMHighErrorRate on litellm (cluster prod)");
  assert.equal(titleOf({ alertname: "DiskFull" }, correlate({ alertname: "DiskFull" }, BY)), "DiskFull");
  assert.equal(titleOf({}, correlate({}, BY)), "Unnamed alert");
  assert.equal(titleOf({ alertname: "x".repeat(10_000) }, correlate({}, BY)).length, 200);
});

test("common labels are those with one value everywhere", () => {
  assert.deepEqual(
    commonLabels([
      { a: "1", b: "2" },
      { a: "1", b: "3", c: "4" },
    ]),
    { a: "1" },
  );
  assert.deepEqual(commonLabels([]), {});
});
