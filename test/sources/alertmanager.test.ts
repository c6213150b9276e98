import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { AppError } from "../../src/core/errors.ts";
import { createAlertmanager } from "../../src/sources/alertmanager.ts";
import { LABEL_LIMITS } from "../../src/sources/webhook/labels.ts";
import { describeSource, groupOf, refusalOf } from "./conformance.ts";

const recorded = (name: string) =>
  readFileSync(new URL(`../fixtures/alertmanager/${name}.json`, import.meta.url), "utf8");
const now = Date.UTC(2026, 10, 21, 13);
const source = createAlertmanager({ kind: "bearer", token: "s3cret-ü" }, { now: () => now });
const bearer = (token: string) => ({ authorization: Buffer.from(`Bearer ${token}`).toString("latin1") });
const call = (body: Buffer) => ({ headers: bearer("s3cret-ü"), body });

/** The recorded bodies with the alert that gets resolved first. */
function reversed(name: string): string {
  const body = JSON.parse(recorded(name));
  return JSON.stringify({ ...body, alerts: body.alerts.reverse() });
}

describeSource("alertmanager", () => ({
  source,
  firing: reversed("firing"),
  resolved: reversed("one-resolved"),
  call,
  refused: {
    "no credentials": (body) => ({ headers: {}, body }),
    "a wrong token": (body) => ({ headers: bearer("s3cret-u"), body }),
    "a token that only begins right": (body) => ({ headers: bearer("s3cret-üx"), body }),
    "an empty token": (body) => ({ headers: { authorization: "Bearer " }, body }),
    "another scheme": (body) => ({ headers: { authorization: `Basic ${btoa("s3cret")}` }, body }),
  },
}));

const alert = { status: "firing", labels: { alertname: "Down" } };
const parse = (body: unknown) => source.parse(JSON.stringify(body));
const first = (body: unknown) => parse(body).alerts[0];
const messageFor = async (body: unknown) => (await refusalOf(() => parse(body))).message;

describe("Alertmanager's body", () => {
  it("is read as Alertmanager 0.25 sends it", () => {
    const group = source.parse(recorded("one-resolved"));
    assert.equal(group.groupKey, '{}:{alertname="LiteLLMHighErrorRate"}');
    assert.equal(group.truncatedAlerts, 0);
    assert.deepEqual(group.alerts[1], {
      fingerprint: "74cadd422d747992",
      status: "resolved",
      labels: {
        alertname: "LiteLLMHighErrorRate",
        cluster: "kong-llm-gateway-poc",
        service: "litellm",
        severity: "critical",
      },
      annotations: { summary: "5xx is 12 %", value: "0.12" },
      startsAt: Date.parse("2026-11-21T12:56:29.694Z"),
      endsAt: Date.parse("2026-11-21T12:56:31Z"),
      url: "http://prometheus:9090/graph?g0.expr=up",
    });
    assert.equal(group.alerts[0]?.endsAt, undefined);
  });

  it("takes basic credentials", async () => {
    const basic = createAlertmanager({ kind: "basic", username: "am", password: "p:w" }, { now: () => now });
    const body = Buffer.from(JSON.stringify({ alerts: [alert] }));
    const ask = (pair: string) => ({ headers: { authorization: `basic ${btoa(pair)}` }, body });
    assert.equal((await groupOf(basic, ask("am:p:w"))).alerts.length, 1);
    for (const wrong of ["am:p", "am", "am:p:w2", ""]) {
      assert.equal((await refusalOf(() => basic.receive(ask(wrong)))).code, "unauthorized");
    }
  });

  it("computes the fingerprint that Alertmanager would have sent", () => {
    for (const item of JSON.parse(recorded("firing")).alerts) {
      const { fingerprint, ...without } = item;
      assert.equal(first({ alerts: [without] })?.fingerprint, fingerprint);
      assert.equal(first({ alerts: [{ ...without, fingerprint: "../../etc" }] })?.fingerprint, fingerprint);
    }
  });

  it("derives a group key that repeats share", () => {
    const grouped = (status: string, value = "a") =>
      parse({ groupLabels: { service: value, cluster: "b" }, alerts: [{ ...alert, status }] }).groupKey;
    assert.equal(grouped("firing"), grouped("resolved"));
    assert.notEqual(grouped("firing"), grouped("firing", "other"));
    assert.equal(parse({ alerts: [alert] }).groupKey, parse({ alerts: [{ ...alert, status: "resolved" }] }).groupKey);
    assert.ok(parse({ groupKey: "k".repeat(5000), alerts: [] }).groupKey.length < 100);
  });

  it("fills in what a terse sender leaves out", () => {
    assert.equal(first({ status: "firing", alerts: [{ labels: { alertname: "Down" } }] })?.startsAt, now);
    assert.equal(first({ alerts: [{ ...alert, status: "resolved" }] })?.endsAt, now);
    assert.equal(first({ alerts: [{ ...alert, startsAt: "0001-01-01T00:00:00Z" }] })?.startsAt, now);
    assert.throws(() => first({ alerts: [{ ...alert, startsAt: "" }] }), /startsAt/);
  });

  it("keeps only links to the web", () => {
    for (const generatorURL of ["javascript:alert(1)", "file:///etc/passwd", "", 7, `http://x/${"a".repeat(5000)}`]) {
      assert.equal(first({ alerts: [{ ...alert, generatorURL }] })?.url, undefined);
    }
  });

  it("names the field that cannot be read", async () => {
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [{ alerts: {} }, /^alerts: expected an array$/],
      [{ alerts: [{ ...alert, labels: [] }] }, /^alerts\[0\]\.labels: expected an object$/],
      [{ alerts: [7, 8] }, /^alerts\[0\]: expected an object \(and 1 more\)$/],
      [{ alerts: [{ ...alert, labels: {} }] }, /^alerts\[0\]\.labels: expected at least one label$/],
      [{ alerts: [{ ...alert, labels: { a: 1 } }] }, /^alerts\[0\]\.labels\.a: expected a string$/],
      [{ alerts: [{ ...alert, annotations: { a: null } }] }, /^alerts\[0\]\.annotations\.a: expected a string$/],
      [{ alerts: [{ ...alert, annotations: "x" }] }, /^alerts\[0\]\.annotations: expected an object$/],
      [{ alerts: [{ ...alert, status: "maybe" }] }, /^alerts\[0\]\.status: expected firing or resolved$/],
      [{ alerts: [{ labels: { a: "b" } }] }, /^alerts\[0\]\.status: expected/],
      [{ alerts: [{ ...alert, startsAt: "yesterday" }] }, /^alerts\[0\]\.startsAt: expected an RFC 3339 time$/],
      [{ alerts: [{ ...alert, startsAt: 1_700_000_000 }] }, /^alerts\[0\]\.startsAt: expected/],
      [{ alerts: [{ ...alert, endsAt: "2026-13-45T00:00:00Z" }] }, /^alerts\[0\]\.endsAt: expected/],
      [{ alerts: [alert], truncatedAlerts: -1 }, /^truncatedAlerts: expected/],
      [{ alerts: [alert], groupLabels: [] }, /^groupLabels: expected an object$/],
      [{ truncatedAlerts: -1 }, /^alerts: expected an array \(and 1 more\)$/],
    ];
    for (const [body, message] of cases) assert.match(await messageFor(body), message);
  });

  it("leaves out the alerts that cannot be read, with all their faults", () => {
    const bad = { labels: { a: 1, b: "", c: null }, annotations: { x: 1 }, startsAt: "soon", endsAt: "later" };
    const { alerts, rejected } = parse({ alerts: [bad, alert, { ...alert, labels: [] }, alert] });
    assert.equal(alerts.length, 2);
    assert.equal(rejected?.count, 2);
    assert.deepEqual(
      rejected?.faults.map(({ path }) => path),
      [
        "alerts[0].status",
        "alerts[0].labels.a",
        "alerts[0].labels.c",
        "alerts[0].annotations.x",
        "alerts[0].startsAt",
        "alerts[0].endsAt",
        "alerts[2].labels",
      ],
    );
    assert.equal("rejected" in parse({ alerts: [alert] }), false);
  });

  it("refuses labels out of bounds and cuts annotations", async () => {
    const many = Object.fromEntries(Array.from({ length: LABEL_LIMITS.count + 1 }, (_, i) => [`l${i}`, "v"]));
    const long = "é".repeat(LABEL_LIMITS.value + 1);
    assert.match(await messageFor({ alerts: [{ ...alert, labels: many }] }), /expected at most 128 labels/);
    assert.match(await messageFor({ alerts: [{ ...alert, labels: { a: long } }] }), /expected at most 16384 char/);
    assert.match(await messageFor({ alerts: [{ ...alert, labels: { ["n".repeat(2000)]: "v" } }] }), /expected a name/);
    assert.match(await messageFor({ alerts: [{ ...alert, annotations: many }] }), /at most 128 annotations/);
    const kept = first({ alerts: [{ ...alert, annotations: { short: "s", long: `${long}😀` } }] })?.annotations;
    assert.equal(kept?.long?.length, LABEL_LIMITS.value);
    assert.equal(kept?.short, "s");
  });

  it("never lets a label reach a prototype", async () => {
    const body = (where: string) => `{"alerts":[{"status":"firing","labels":{"a":"b"},"${where}":{"__proto__":"x"}}]}`;
    for (const where of ["labels", "annotations"]) {
      const error = await refusalOf(() => source.parse(body(where)));
      assert.match(error.message, /__proto__: this name cannot be used/);
    }
    assert.deepEqual(Object.keys(first({ alerts: [{ ...alert, labels: { constructor: "c" } }] })?.labels ?? {}), [
      "constructor",
    ]);
  });

  it("takes the last of duplicate keys, as every JSON parser here does", () => {
    const text = '{"alerts":[],"alerts":[{"status":"resolved","status":"firing","labels":{"a":"1","a":"2"}}]}';
    const [only] = source.parse(text).alerts;
    assert.deepEqual([only?.status, only?.labels], ["firing", { a: "2" }]);
  });

  it("carries the count of alerts that were left out", () => {
    assert.equal(parse({ alerts: [alert], truncatedAlerts: 12 }).truncatedAlerts, 12);
    assert.equal(parse({ alerts: [alert], truncatedAlerts: null }).truncatedAlerts, 0);
  });
});

const strings = z.record(z.string(), z.string());
const time = z.union([z.iso.datetime({ offset: true, precision: 3 }), z.null()]).optional();
const Envelope = z.object({
  groupLabels: z.record(z.string(), z.unknown()).optional(),
  truncatedAlerts: z.int().min(0).nullish(),
  alerts: z.array(z.unknown()),
});
const Item = z.object({
  status: z.enum(["firing", "resolved"]),
  labels: strings.refine((labels) => Object.keys(labels).length > 0),
  annotations: strings.nullish(),
  startsAt: time,
  endsAt: time,
});

/** The alerts that are to be read of a body, and how many are not; undefined for one that is refused. */
function oracle(body: unknown) {
  const envelope = Envelope.safeParse(body);
  if (!envelope.success) return undefined;
  const items = envelope.data.alerts.flatMap((item) => Item.safeParse(item).data ?? []);
  const rejected = envelope.data.alerts.length - items.length;
  return items.length === 0 && rejected > 0 ? undefined : { items, rejected };
}

const mostly = <T>(good: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 30, arbitrary: good as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: junk });
const junk = fc.constantFrom<unknown>(
  null,
  7,
  -1,
  1.5,
  true,
  "",
  "text",
  [],
  {},
  { a: 1 },
  [[]],
  "2026-99-01T00:00:00.000Z",
);
const name = fc.stringMatching(/^[a-z]{1,6}$/);
const times = fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((date) => date.toISOString());
const labels = fc.dictionary(name, mostly(fc.string({ maxLength: 8 })), { maxKeys: 4, noNullPrototype: true });
const alerts = fc.record(
  {
    status: mostly(fc.constantFrom("firing", "resolved")),
    labels: mostly(labels),
    annotations: mostly(labels),
    startsAt: mostly(times),
    endsAt: mostly(times),
  },
  { requiredKeys: ["status", "labels"], noNullPrototype: true },
);
const bodies = fc.record(
  {
    alerts: mostly(fc.array(mostly(alerts), { maxLength: 3 })),
    truncatedAlerts: mostly(fc.nat()),
    groupLabels: mostly(labels),
  },
  { requiredKeys: ["alerts"], noNullPrototype: true },
);

it("accepts exactly what the schema accepts, and reads the same", () => {
  const seen = { read: 0, partly: 0, refused: 0 };
  fc.assert(
    fc.property(bodies, (body) => {
      const expected = oracle(body);
      let group: ReturnType<typeof source.parse> | undefined;
      try {
        group = source.parse(JSON.stringify(body));
      } catch (error) {
        assert.ok(error instanceof AppError);
      }
      assert.equal(group !== undefined, expected !== undefined, JSON.stringify(body));
      assert.equal(group?.rejected?.count ?? 0, expected?.rejected ?? 0);
      seen[group === undefined ? "refused" : group.rejected ? "partly" : "read"] += 1;
      assert.deepEqual(
        group?.alerts.map(({ status, labels, annotations }) => ({ status, labels, annotations })),
        expected?.items.map(({ status, labels, annotations }) => ({
          status,
          labels,
          annotations: annotations ?? {},
        })),
      );
    }),
    { numRuns: 1000 },
  );
  assert.ok(seen.read > 100 && seen.partly > 50 && seen.refused > 50, JSON.stringify(seen));
});

it("half a character, which can only come as an escape, becomes U+FFFD, and the text is one that everybody reads", () => {
  const body = (text: string) =>
    `{"alerts":[{"status":"firing","labels":{"alertname":"Down","x":"${text}","n${text}":"1"}}]}`;
  const labels = (text: string) => source.parse(body(text)).alerts[0]?.labels;
  assert.deepEqual(labels("\\ud800"), { alertname: "Down", x: "\ufffd", "n\ufffd": "1" });
  assert.deepEqual(labels("\\ud83d\\ude00"), { alertname: "Down", x: "😀", "n😀": "1" });
});
