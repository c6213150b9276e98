import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { SightingGroup } from "../../src/core/alert.ts";
import { contentHasher } from "../../src/core/content.ts";
import { bodyScanner } from "../../src/sources/scan/body.ts";
import { parseBody } from "../../src/sources/webhook/body.ts";
import { bodyText } from "../../src/sources/webhook/fields.ts";

const scan = bodyScanner("alertmanager");
const ALERTMANAGER = { source: "alertmanager" as const, now: () => 0 };
/** Bodies below two kilobytes are not scanned at all. */
const FILLER = "x".repeat(2_048);

/** What the ordinary reader makes of it, as the scanner says it. */
function parsed(body: Buffer): SightingGroup {
  const group = parseBody(ALERTMANAGER, bodyText(body));
  const contentOf = contentHasher();
  const alerts = group.alerts.map((alert) => {
    const { fingerprint, status, startsAt, endsAt } = alert;
    return { fingerprint, status, startsAt, ...(endsAt !== undefined && { endsAt }), content: contentOf(alert) };
  });
  return { ...group, alerts };
}

const alert = (more: object = {}) => ({
  status: "firing",
  labels: { alertname: "Down", pod: "a-1" },
  annotations: { summary: "it is down" },
  startsAt: "2026-11-21T12:56:29.694Z",
  endsAt: "0001-01-01T00:00:00Z",
  generatorURL: "http://prometheus:9090/graph?g0.expr=up\u0026g0.tab=1",
  fingerprint: "74cadd422d747992",
  ...more,
});
const ended = { status: "resolved", endsAt: "2026-11-21T13:00:00Z" };
const body = (alerts: readonly object[], more: object = {}) => ({
  receiver: "stanch",
  status: "firing",
  alerts,
  commonAnnotations: { filler: FILLER },
  groupKey: '{}:{alertname="Down"}',
  truncatedAlerts: 0,
  ...more,
});
const bytesOf = (value: object, space = 0) => Buffer.from(JSON.stringify(value, null, space));
const without = (field: string) => {
  const { [field as "labels"]: _gone, ...rest } = alert();
  return rest;
};

describe("a body that is scanned", () => {
  const plain: Readonly<Record<string, Buffer>> = {
    "of one alert": bytesOf(body([alert()])),
    "with white space": bytesOf(body([alert(), alert(ended)]), 2),
    "of alerts in turn firing and resolved": bytesOf(body([alert(), alert(ended), alert(), alert(ended)])),
    "with escapes in values": bytesOf(body([alert({ annotations: { text: 'a "b"\n\t\\ /' } })])),
    "with escapes as Go writes them": Buffer.from(
      JSON.stringify(body([alert({ annotations: { text: "a AMP b" } })])).replaceAll("AMP", "\\u0026\\u003e"),
    ),
    "of alerts whose fields come in another order": bytesOf(
      body([alert(), Object.fromEntries(Object.entries(alert(ended)).reverse()), alert()]),
    ),
    "of alerts with more and fewer labels": bytesOf(
      body([{ a: "1", b: "2", c: "3" }, { b: "2" }, { b: "2", a: "1", c: "3" }].map((labels) => alert({ labels }))),
    ),
    "with alerts without annotations": bytesOf(body([alert(), alert({ annotations: {} }), alert()])),
    "with nested fields that nobody knows": bytesOf(body([alert({ more: [{ a: [1, -2, true, null, {}, []] }] })])),
    "of 300 alerts": bytesOf(
      body(
        Array.from({ length: 300 }, (_, index) => alert({ fingerprint: `f${index}`, labels: { pod: `p-${index}` } })),
      ),
    ),
  };
  for (const [what, bytes] of Object.entries(plain))
    it(`${what} says what parsing says`, () => assert.deepEqual(scan(bytes), parsed(bytes)));

  it("is one that Alertmanager 0.25 has sent", () => {
    for (const name of ["firing", "one-resolved"]) {
      const text = readFileSync(new URL(`../fixtures/alertmanager/${name}.json`, import.meta.url), "utf8");
      const sent = JSON.parse(text.trim().replace(/[^ -~]/g, "e"));
      const bytes = bytesOf({ ...sent, commonAnnotations: { filler: FILLER } });
      assert.deepEqual(scan(bytes), parsed(bytes));
    }
  });
});

describe("a body after another one", () => {
  const first = [alert(), alert({ fingerprint: "f2", labels: { alertname: "Down", pod: "a-2" } })];
  const second: Readonly<Record<string, Buffer>> = {
    "that is the same": bytesOf(body(first)),
    "with the same alerts in another group": bytesOf(body(first, { groupKey: '{}:{alertname="Up"}' })),
    "with one alert more": bytesOf(body([...first, alert({ fingerprint: "f3" })])),
    "with one alert less": bytesOf(body(first.slice(1))),
    "whose alerts have ended": bytesOf(body(first.map((one) => ({ ...one, ...ended })))),
    "whose alerts have other annotations": bytesOf(body(first.map((one) => ({ ...one, annotations: {} })))),
    "with its fields elsewhere": bytesOf({ more: "here", ...body(first, { truncatedAlerts: 7 }) }),
    "that is kept no longer": bytesOf(body(first, { commonAnnotations: { filler: "x".repeat(70_000) } })),
  };
  for (const [what, bytes] of Object.entries(second))
    it(`${what} says what parsing says`, () => {
      const own = bodyScanner("alertmanager");
      own(bytesOf(body(first)));
      const got = own(bytes);
      assert.deepEqual(got, parsed(bytes));
      assert.deepEqual(own(bytesOf(body(first))), parsed(bytesOf(body(first))), "and the next one as well");
      assert.deepEqual(got, parsed(bytes), "which does not change what was read before");
    });

  it("that was left to the ordinary reader half way is read as the first", () => {
    const own = bodyScanner("alertmanager");
    own(bytesOf(body(first)));
    assert.equal(own(bytesOf(body([alert({ labels: { x: "1" }, fingerprint: "a b" })]))), undefined);
    assert.deepEqual(own(bytesOf(body(first))), parsed(bytesOf(body(first))));
  });
});

describe("a body that is left to the ordinary reader", () => {
  const text = JSON.stringify(body([alert(), alert()]));
  const strange: Readonly<Record<string, string | Buffer>> = {
    "is small": JSON.stringify(body([alert()], { commonAnnotations: {} })),
    "has no alerts": JSON.stringify(body([])),
    "has characters beyond ASCII": JSON.stringify(body([alert({ annotations: { text: "größer" } })])),
    "has half a character": text.replace("it is down", "it is \\ud800 down"),
    "has a control character": text.replace("it is down", "it is \u0001 down"),
    "has an escape that is none": text.replace("it is down", "it is \\x down"),
    "has an escape in a label's name": text.replace('"pod"', '"p\\u006fd"'),
    "has an escape in a field's name": text.replace('"groupKey"', '"group\\u004bey"'),
    "has a label twice": text.replace('"pod":', '"alertname":'),
    "has a label twice after one with it once": JSON.stringify(
      body([alert({ labels: { a: "1", b: "2" } }), alert({ labels: { x: "9", b: "2" } })]),
    ).replace('"x"', '"b"'),
    "has a field twice": text.replace('"status":"firing","labels"', '"status":"firing","status":"resolved","labels"'),
    "has no labels": JSON.stringify(body([alert({ labels: {} })])),
    "has a reserved label": text.replace('"pod"', '"__proto__"'),
    "has a label that is no text": JSON.stringify(body([alert({ labels: { a: 1 } })])),
    "has a label that is too long": JSON.stringify(body([alert({ labels: { a: "x".repeat(16_385) } })])),
    "has 129 labels": JSON.stringify(
      body([alert({ labels: Object.fromEntries(Array.from({ length: 129 }, (_, index) => [`l${index}`, ""])) })]),
    ),
    "has a time that is none": JSON.stringify(body([alert({ startsAt: "yesterday" })])),
    "has an end that is none": JSON.stringify(body([alert({ endsAt: "yesterday" })])),
    "has no beginning": JSON.stringify(body([alert({ startsAt: "0001-01-01T00:00:00Z" })])),
    "is resolved without an end": JSON.stringify(body([alert({ status: "resolved" })])),
    "has a fingerprint of its own kind": JSON.stringify(body([alert({ fingerprint: "a b" })])),
    "has another status": JSON.stringify(body([alert({ status: "pending" })])),
    "truncates a negative number": JSON.stringify(body([alert()], { truncatedAlerts: -1 })),
    "truncates half an alert": JSON.stringify(body([alert()], { truncatedAlerts: 0.5 })),
    "has a number with a leading zero": text.replace('"truncatedAlerts":0', '"truncatedAlerts":00'),
    "has an empty group key": JSON.stringify(body([alert()], { groupKey: "" })),
    "has a long group key": JSON.stringify(body([alert()], { groupKey: "k".repeat(1_025) })),
    "goes on behind its end": `${text}}`,
    "is cut off": text.slice(0, -1),
    "lacks a comma": text.replace('","labels"', '""labels"'),
    "begins with a mark of its order": `\uFEFF${text}`,
    "is nested deep": text.replace('"truncatedAlerts":0', `"more":${"[".repeat(99_999)}`),
    ...Object.fromEntries(
      ["status", "labels", "annotations", "startsAt", "endsAt", "fingerprint"].map((field) => [
        `has no ${field}`,
        JSON.stringify(body([alert(), without(field)])),
      ]),
    ),
  };
  for (const [what, bytes] of Object.entries(strange))
    it(what, () => assert.equal(scan(Buffer.from(bytes)), undefined));
});

describe("scanning and parsing", () => {
  const name = fc.constantFrom("alertname", "pod", "a", "b", "7", "constructor", "toString");
  const value = fc.oneof(
    { weight: 50, arbitrary: fc.constantFrom("", "x", "y", "pod-1", "pod-2", 'a "b"', "line\nline") },
    { weight: 1, arbitrary: fc.oneof(fc.constant("ü"), fc.string({ unit: "grapheme" }), fc.string()) },
  );
  const pairs = fc.dictionary(name, value, { minKeys: 1, maxKeys: 4 });
  const one = fc.record({
    status: fc.constantFrom("firing", "resolved"),
    labels: pairs,
    annotations: pairs,
    startsAt: fc.constantFrom("2026-11-21T12:56:29.694Z", "2026-11-21T12:56:30Z", "2026-02-28T01:00:00.1+01:00"),
    endsAt: fc.constantFrom("0001-01-01T00:00:00Z", "2026-11-21T13:00:00Z"),
    fingerprint: fc.constantFrom("f1", "f2", "0123456789abcdef"),
    generatorURL: fc.constantFrom("http://p/graph?a=1\u0026b", ""),
  });
  const shuffled = one.chain((made) =>
    fc
      .shuffledSubarray(Object.keys(made), { minLength: 7 })
      .map((keys) => Object.fromEntries(keys.map((key) => [key, made[key as keyof typeof made]]))),
  );
  const texts = fc
    .tuple(fc.array(fc.oneof(one, shuffled), { minLength: 1, maxLength: 6 }), fc.constantFrom(0, 1))
    .map(([alerts, space]) => JSON.stringify(body(alerts), null, space));

  it("agree on bodies of all shapes", () => {
    let scanned = 0;
    fc.assert(
      fc.property(texts, (text) => {
        const bytes = Buffer.from(text);
        const group = scan(bytes);
        if (group !== undefined) {
          assert.deepEqual(group, parsed(bytes));
          scanned += 1;
        }
      }),
      { numRuns: 2_000 },
    );
    assert.ok(scanned > 200, `only ${scanned} bodies were scanned`);
  });

  it("agree on bodies with anything changed in them", () => {
    const place = fc.nat({ max: 4_000 });
    const edit = fc.record({
      at: place,
      cut: fc.nat({ max: 3 }),
      put: fc.oneof(
        fc.constantFrom(
          '"',
          "\\",
          ",",
          ":",
          "{",
          "}",
          "[",
          "]",
          "0",
          "-",
          " ",
          "\n",
          "e",
          "true",
          '"a":"b",',
          "\\u0041",
          "é",
        ),
        fc.string({ maxLength: 4 }),
      ),
    });
    let scanned = 0;
    fc.assert(
      fc.property(texts, fc.array(edit, { minLength: 1, maxLength: 2 }), (text, edits) => {
        let bytes = Buffer.from(text.replace(FILLER, ""));
        for (const { at, cut, put } of edits) {
          const from = at % bytes.length;
          bytes = Buffer.concat([bytes.subarray(0, from), Buffer.from(put), bytes.subarray(from + cut)]);
        }
        bytes = Buffer.concat([bytes, Buffer.alloc(2_048, " ")]);
        const group = scan(bytes);
        if (group === undefined) return;
        assert.deepEqual(group, parsed(bytes));
        scanned += 1;
      }),
      { numRuns: 10_000 },
    );
    assert.ok(scanned > 200, `only ${scanned} bodies were scanned`);
  });
});
