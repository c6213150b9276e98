import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsOf, load, MINIMAL } from "./samples.ts";

const TWO = "connections: { prometheus: { a: { url: 'http://a' }, b: { url: 'http://b' } } }";

test("where there are several Prometheus a fact with a query names its own", () => {
  assert.deepEqual(faultsOf(`${MINIMAL}facts: { load: { query: load } }\n${TWO}`), [
    "stanch.yaml:4:25 facts.load.query: more than one prometheus connection; name one with connection: a, b",
  ]);
  assert.deepEqual(faultsOf(`${MINIMAL}facts: { load: { query: load, connection: c } }\n${TWO}`), [
    "stanch.yaml:4:43 facts.load.connection: there is no connection prometheus.c",
  ]);
  const [fact] = load(`${MINIMAL}facts: { load: { query: load, connection: b } }\n${TWO}`).facts;
  assert.equal(fact?.connection, "b");
});

test("a fact without a query asks none", () => {
  assert.deepEqual(faultsOf(`${MINIMAL}facts: { load: { fallback: '1.0' } }\n${TWO}`), []);
});
