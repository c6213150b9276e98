import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { createGrafana } from "../../src/sources/grafana.ts";
import { describeSource, groupOf, refusalOf } from "./conformance.ts";

const firing = readFileSync(new URL("../fixtures/grafana/firing.json", import.meta.url), "utf8");
const resolved = firing
  .replaceAll('"status":"firing"', '"status":"resolved"')
  .replace("0001-01-01T00:00:00Z", "2026-11-21T12:40:00Z");
const now = Date.UTC(2026, 10, 21, 13);
const secret = "shared";
const seconds = now / 1000;

const sign = (text: string | Buffer, key = secret) => createHmac("sha256", key).update(text).digest("hex");
const signature = (value: string) => ({ "x-grafana-alerting-signature": value });
const stamped = (at: number | string, body: Buffer, signedAt = at) => ({
  headers: { "x-time": String(at), ...signature(sign(`${signedAt}:${body.toString()}`)) },
  body,
});

const plain = createGrafana({ kind: "hmac", secret }, { now: () => now });
const timed = createGrafana({ kind: "hmac", secret, timestampHeader: "X-Time" }, { now: () => now });

describeSource("grafana", () => ({
  source: plain,
  firing,
  resolved,
  call: (body) => ({ headers: signature(sign(body)), body }),
  refused: {
    "no signature": (body) => ({ headers: {}, body }),
    "a forged signature": (body) => ({ headers: signature(sign(body, "another secret")), body }),
    "a foreign signature": (body) => ({ headers: signature(sign("another body")), body }),
    "a cut signature": (body) => ({ headers: signature(sign(body).slice(0, 32)), body }),
    "a signature with a tail": (body) => ({ headers: signature(`${sign(body)}zz`), body }),
    "an empty signature": (body) => ({ headers: signature(""), body }),
    "the secret as a bearer token": (body) => ({ headers: { authorization: `Bearer ${secret}` }, body }),
  },
}));

describe("Grafana's signature with a timestamp", () => {
  const body = Buffer.from(firing);

  it("is accepted while it is fresh", async () => {
    for (const at of [seconds, seconds - 299, seconds + 299]) {
      assert.equal((await groupOf(timed, stamped(at, body))).alerts.length, 1);
    }
  });

  it("is refused when stale, from the future, moved, missing or no number", async () => {
    const calls = {
      stale: stamped(seconds - 301, body),
      "from the future": stamped(seconds + 301, body),
      "moved to now": stamped(seconds, body, seconds - 3600),
      "without timestamp": { headers: signature(sign(body)), body },
      "signed without it": { headers: { "x-time": String(seconds), ...signature(sign(body)) }, body },
      "no number": stamped("now", body),
      empty: stamped("", body),
      "in hex": stamped("0x6920", body),
    };
    for (const [what, call] of Object.entries(calls)) {
      assert.equal((await refusalOf(() => timed.receive(call))).code, "unauthorized", what);
    }
  });

  it("covers every byte of the body", async () => {
    const call = stamped(seconds, body);
    const changed = Buffer.from(firing.replace("litellm", "litelln"));
    assert.equal((await refusalOf(() => timed.receive({ ...call, body: changed }))).code, "unauthorized");
  });
});

describe("Grafana's body", () => {
  it("gives what was measured as annotations", () => {
    const [alert] = plain.parse(firing).alerts;
    assert.deepEqual(alert?.annotations, {
      summary: "5xx is high",
      value_A: "0.123",
      value_C_1: "1",
      value_string: "[ var='A' labels={service=litellm} value=0.123 ]",
    });
    assert.equal(alert?.fingerprint, "c6eadffa33fcdf37");
    assert.equal(alert?.url, "https://grafana.example/alerting/grafana/abc/view?orgId=1");
  });

  it("leaves an annotation of the rule alone, and ignores values that are no numbers", () => {
    const body = JSON.parse(firing);
    body.alerts[0].annotations.value_A = "mine";
    body.alerts[0].values = { A: 1, B: null, C: "x", D: { a: 1 } };
    assert.deepEqual(Object.keys(plain.parse(JSON.stringify(body)).alerts[0]?.annotations ?? {}).sort(), [
      "summary",
      "value_A",
      "value_string",
    ]);
    assert.equal(plain.parse(JSON.stringify(body)).alerts[0]?.annotations.value_A, "mine");
  });

  it("is accepted with bearer and basic credentials", async () => {
    const body = Buffer.from(firing);
    const bearer = createGrafana({ kind: "bearer", token: "t" }, { now: () => now });
    const basic = createGrafana({ kind: "basic", username: "u", password: "p" }, { now: () => now });
    assert.equal((await groupOf(bearer, { headers: { authorization: "Bearer t" }, body })).alerts.length, 1);
    assert.equal((await groupOf(basic, { headers: { authorization: `Basic ${btoa("u:p")}` }, body })).alerts.length, 1);
    const signed = { headers: signature(sign(body)), body };
    assert.equal((await refusalOf(() => bearer.receive(signed))).code, "unauthorized");
  });
});
