import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { SOURCE_NAMES } from "../../../src/core/alert.ts";
import { type AlertRecord, episodeId } from "../../../src/core/episode.ts";
import { readBody, writeBody } from "../../../src/store/forms/index.ts";

const text = fc.oneof(fc.string(), fc.constantFrom("ü", "times", "__proto__", "-", ""));
const texts = fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true });
const time = fc.integer({ min: 0, max: 2 ** 42 });
const optional = { requiredKeys: [] };

const state = fc
  .record({ openedAt: time, startsAt: time, later: fc.constantFrom(0, 1), opening: fc.nat(99) })
  .chain(({ openedAt, startsAt, later, opening }) =>
    fc.record(
      {
        status: fc.constantFrom("firing" as const, "resolved" as const, "unknown" as const),
        opening: fc.constant(opening),
        openedAt: fc.constant(openedAt),
        lastSeen: fc.constant(openedAt + later),
        startsAt: fc.constant(startsAt),
        endsAt: time,
        doubtful: fc.boolean(),
      },
      { requiredKeys: ["status", "opening", "openedAt", "lastSeen", "startsAt", "doubtful"] },
    ),
  );

const rule = fc.record({
  rule: fc.nat(9),
  level: fc.constantFrom("P0", "P1", "none"),
  answer: fc.constantFrom("match" as const, "no" as const, "unknown" as const, "not-yet" as const),
  reason: text,
});
const explanation = fc.record({
  at: time,
  facts: fc.dictionary(text, fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(null)), {
    maxKeys: 2,
    noNullPrototype: true,
  }),
  severity: fc.array(rule, { maxLength: 3 }),
  level: fc.constantFrom("P0", "P1", "none"),
  playbooks: fc.array(fc.record({ playbook: text, matched: fc.boolean(), reason: text }), { maxLength: 2 }),
  sentence: text,
});

/** Whatever assessment may store of an episode. */
const record: fc.Arbitrary<AlertRecord> = fc
  .record({
    source: fc.constantFrom(...SOURCE_NAMES),
    fingerprint: text,
    state,
    labels: texts,
    annotations: texts,
    url: fc.record({ url: text }, optional),
    more: fc.record(
      { incidentId: text, stale: fc.record({ askedAt: time, answer: fc.constant("firing" as const) }) },
      optional,
    ),
    explained: fc.record({ explanation }, optional),
    truncated: fc.boolean(),
    assessment: fc.constantFrom("unmatched" as const, "none" as const, "matched" as const, "poison" as const),
  })
  .map(({ source, fingerprint, state, labels, annotations, url, more, explained, truncated, assessment }) => {
    const { status, startsAt, endsAt, opening } = state;
    const ends = endsAt === undefined ? {} : { endsAt };
    return {
      id: episodeId(source, fingerprint, opening),
      source,
      alert: { fingerprint, status, labels, annotations, startsAt, ...ends, ...url },
      state,
      truncated,
      assessment,
      ...more,
      ...explained,
      entry: "1795264200000-0",
    };
  });

const plain = (body: object): unknown => JSON.parse(JSON.stringify(body));

it("an alert's record is read as it was written, and never takes more room than its JSON", () => {
  fc.assert(
    fc.property(record, (one) => {
      const stored = writeBody("alert", one);
      assert.deepEqual(readBody("alert", stored), plain(one));
      assert.ok("times" in JSON.parse(stored), "it has the short form");
      assert.ok(stored.length < JSON.stringify(one).length);
    }),
  );
});

it("a record as older versions stored it is read as it is", () => {
  fc.assert(fc.property(record, (one) => assert.deepEqual(readBody("alert", JSON.stringify(one)), plain(one))));
});

const EXAMPLE: AlertRecord = {
  id: "alertmanager-4f0e-2",
  source: "alertmanager",
  alert: {
    fingerprint: "4f0e",
    status: "firing",
    labels: { alertname: "High" },
    annotations: {},
    startsAt: 1_000,
    url: "http://p",
  },
  state: { status: "firing", opening: 2, openedAt: 2_000, lastSeen: 2_000, startsAt: 1_000, doubtful: false },
  truncated: false,
  assessment: "unmatched",
  explanation: {
    at: 2_001,
    facts: {},
    severity: [{ rule: 1, level: "P1", answer: "match", reason: "true" }],
    level: "P1",
    playbooks: [],
    sentence: "P1 by rule 1 (true)",
  },
  incidentId: "inc-1",
  entry: "2000-0",
};

it("what is stored names its parts", () => {
  assert.equal(
    writeBody("alert", EXAMPLE),
    '{"id":"alertmanager-4f0e-2","labels":{"alertname":"High"},"annotations":{},"status":"firing","times":[2000,1000],' +
      '"assessment":"unmatched","incidentId":"inc-1","entry":"2000-0","url":"http://p",' +
      '"explanation":{"at":2001,"severity":[[1,"P1","match","true"]],"sentence":"P1 by rule 1 (true)"}}',
  );
});

it("a record whose parts contradict each other is stored whole", () => {
  const { alert, state } = EXAMPLE;
  const odd: readonly AlertRecord[] = [
    { ...EXAMPLE, id: "alertmanager-4f0e-3" },
    { ...EXAMPLE, alert: { ...alert, status: "resolved" } },
    { ...EXAMPLE, alert: { ...alert, startsAt: 1_001 } },
    { ...EXAMPLE, alert: { ...alert, endsAt: 3_000 } },
    { ...EXAMPLE, state: { ...state, opening: -1 }, id: "alertmanager-4f0e--1" },
  ];
  for (const one of odd) {
    assert.equal(writeBody("alert", one), JSON.stringify(one));
    assert.deepEqual(readBody("alert", JSON.stringify(one)), one);
  }
});

it("documents of other kinds are their JSON, whatever they hold", () => {
  const body = { ...EXAMPLE, times: [1] };
  assert.equal(writeBody("incident", body), JSON.stringify(body));
  assert.deepEqual(readBody("incident", JSON.stringify(body)), body);
});
