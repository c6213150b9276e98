import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { queryPrometheus } from "../../src/actions/index.ts";
import { prometheusQuery } from "../../src/actions/prometheus/query.ts";
import { type PrometheusStub, type StubResult, startPrometheusStub } from "../stubs/prometheus.ts";
import { connectionsOf, contextOf, failureOf, outputOf } from "./support.ts";

let prometheus: PrometheusStub;
let connections: ReturnType<typeof connectionsOf>;

before(async () => {
  prometheus = await startPrometheusStub();
  connections = connectionsOf({ prometheus: { main: { url: `${prometheus.url}/` } } });
});
beforeEach(() => prometheus.results.clear());
after(async () => {
  await connections.close();
  await prometheus.close();
});

async function query(result: StubResult, text = "up") {
  prometheus.results.set(text, result);
  return prometheusQuery.run({ query: text }, contextOf(connections));
}

test("empty, NaN, infinite, one and many are told apart; unknown is never 0", async () => {
  const table: [StubResult, string, number | null][] = [
    [[], "empty", null],
    [[{ value: "0" }], "value", 0],
    [[{ value: "0.015" }], "value", 0.015],
    [[{ value: "NaN" }], "nan", null],
    [[{ value: "+Inf" }], "nan", null],
    [[{ value: "1" }, { value: "2" }], "many", null],
    [{ scalar: "3" }, "value", 3],
    [{ scalar: "NaN" }, "nan", null],
  ];
  for (const [result, state, value] of table) {
    const output = outputOf(await query(result));
    assert.deepEqual([output.state, output.value], [state, value], JSON.stringify(result));
  }
});

test("an answer that lacks a part of the data is no measurement; a remark on the query is no lack", async () => {
  const data = { resultType: "vector", result: [{ metric: {}, value: [1, "0.001"] }] };
  const asked = (over: object) => {
    prometheus.heal();
    prometheus.fail({ kind: "status", status: 200, body: { status: "success", data, ...over } });
    return prometheusQuery.run({ query: "up" }, contextOf(connections));
  };
  for (const over of [{ warnings: ["receive series from store-2: connection refused"] }, { isPartial: true }])
    assert.match(failureOf(await asked(over)).message, /the answer is not complete/);
  for (const over of [{ warnings: ["PromQL warning: quantile value should be between 0 and 1"] }, { isPartial: false }])
    assert.equal(outputOf(await asked(over)).value, 0.001);
  prometheus.heal();
});

test("several series keep their labels, in bounds", async () => {
  const labels = { model: "m".repeat(200) };
  const many = Array.from({ length: 5_000 }, (_, index) => ({
    labels: { ...labels, i: `${index}` },
    value: `${index}`,
  }));
  const output = outputOf(await query(many)) as { series: { labels: object; value: number }[]; count: number };
  assert.equal(output.count, 5_000);
  assert.deepEqual(output.series[1], { labels: { ...labels, i: "1" }, value: 1 });
  assert.ok(JSON.stringify(output).length < 16_384);
});

test("a wrong query is the playbook's fault, with the server's words", async () => {
  const wrong = failureOf(await query({ error: 'parse error: unexpected "}"' }));
  assert.equal(wrong.reason, "invalid_input");
  assert.match(wrong.message, /^querying prometheus main: parse error: unexpected "}"; correct the query$/);
  assert.equal(failureOf(await query({ matrix: true })).reason, "invalid_input");
});

test("a long query goes by POST", async () => {
  const long = `up{job=~"${"a|".repeat(2_000)}b"}`;
  assert.equal(outputOf(await query([{ value: "1" }], long)).value, 1);
  assert.equal(prometheus.requests.at(-1)?.method, "POST");
});

test("facts are measured by the same query", async () => {
  prometheus.results.set("up", [{ value: "1" }]);
  const measured = await queryPrometheus(connections.find("prometheus"), "up", AbortSignal.timeout(5_000));
  assert.ok(measured.ok);
  assert.equal(measured.value, 1);
});
