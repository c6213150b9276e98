import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { loadConfig } from "../../src/config/load.ts";
import { NOT_IMPLEMENTED_KEYS } from "../../src/config/not-implemented.ts";
import { AppError } from "../../src/core/errors.ts";
import { faultsOf, MINIMAL, put, SECRETS } from "./samples.ts";

describe("faults have their place", () => {
  const rows: readonly (readonly [string, string, string | RegExp])[] = [
    ["unknown key", "autonmy: auto", "stanch.yaml:4:1 autonmy: unknown key; did you mean autonomy?"],
    [
      "nested unknown key",
      "connections: { http: { gw: { base-url: 'http://a', alow-private: true } } }",
      "stanch.yaml:4:52 connections.http.gw.alow-private: unknown key; did you mean allow-private?",
    ],
    ["a word of CEL", "facts: { in: { query: up } }", /a fact's name is none of CEL's words: in, true, false, null/],
    ["version", "", /^$/],
    ["autonomy", "autonomy: full", /stanch.yaml:4:11 autonomy: .*observe/],
    ["duration", "retention: 90", /stanch.yaml:4:12 retention: expected a duration/],
    ["retention that keeps nothing", "retention: 0s", "stanch.yaml:4:12 retention: it must be at least 1h"],
    [
      "budget without a window",
      "limits: { budget: [{ runs: 1, per: 0s }] }",
      /budget\[0\].per: it must be at least 1s/,
    ],
    ["flapping in no time", "limits: { flapping: { changes: 2, per: 0s } }", /flapping.per: it must be at least 1s/],
    ["looks without a pause", "incidents: { reassess-every: 0s }", /reassess-every: it must be at least 1s/],
    ["freeze of no length", "freeze: [{ cron: '0 16 * * 5', for: 0s }]", /freeze\[0\].for: it must be at least 1m/],
    [
      "one identity of two people",
      "approvals: { people: { anna: { slack: U1 }, ben: { slack: U1 } }, groups: { a: {} }, default: { group: a } }",
      "stanch.yaml:4:59 approvals.people.ben.slack: it is anna already; one identity is one person's",
    ],
    [
      "matcher",
      "slack: { channel: '#a', routes: [{ match: ['a >> b'], channel: '#b' }] }",
      /stanch.yaml:4:\d+ slack.routes\[0\].match\[0\]: the matcher "a >> b"/,
    ],
    ["fact's name", "facts: { Error-Rate: { query: up } }", /a fact's name matches/],
    ["var's name", "vars: { My-Var: 1 }", /the name of a var matches/],
    ["empty fact", "facts: { a: {} }", "stanch.yaml:4:13 facts.a: a fact needs a query or a fallback"],
    [
      "fact's query",
      `facts: { a: { query: 'x \${{ facts.b }}' } }`,
      "stanch.yaml:4:35 facts.a.query: there is no fact b",
    ],
    ["fact's query gives a number", `facts: { a: { query: '\${{ 1 }}' } }`, /facts.a.query: it gives double, not text/],
    [
      "fallback",
      "facts: { a: { fallback: double(alert.annotation.value) } }",
      "stanch.yaml:4:38 facts.a.fallback: an alert has no field annotation; did you mean annotations?",
    ],
    [
      "fallback gives text",
      "facts: { a: { fallback: alert.annotations.value } }",
      /facts.a.fallback: it gives string, not a number/,
    ],
    [
      "severity",
      "severity: [{ level: P0, when: facts.nope > 1 }]",
      "stanch.yaml:4:37 severity[0].when: there is no fact nope",
    ],
    [
      "severity's type",
      "vars: { a: x }\nseverity: [{ level: P0, when: vars.a > 1 }]",
      /> cannot be applied to string and int/,
    ],
    ["severity is no condition", "severity: [{ level: P0, when: '1' }]", /gives true or false/],
    ["level", "severity: [{ level: P3, when: 'true' }]", /severity\[0\].level/],
    [
      "valid-for",
      "approvals: { groups: { a: {} }, default: { group: a, valid-for: 9s } }",
      "stanch.yaml:4:65 approvals.default.valid-for: it must be at least 10s",
    ],
    ["approval group", "approvals: { default: { group: nobody } }", /there is no group nobody under approvals.groups/],
    [
      "person",
      "approvals: { groups: { a: { people: [bob] } }, default: { group: a } }",
      /there is no bob under approvals.people/,
    ],
    ["token", "approvals: { groups: { a: { api-tokens: [x] } }, default: { group: a } }", /there is no API token x/],
    [
      "connection",
      "connections: { settings: { g: { kind: http, http: router, path: /s, allow: {} } } }",
      /there is no connection http.router/,
    ],
    [
      "credentials in a URL",
      "connections: { prometheus: { m: { url: 'http://u:p@h' } } }",
      /no credentials in the URL/,
    ],
    [
      "pagerduty",
      "escalation: [{ after: 0m, when: unmitigated, notify: ['pagerduty:x'] }]",
      "stanch.yaml:4:55 escalation[0].notify[0]: there is no connection pagerduty.x",
    ],
    [
      "invited group",
      "slack: { channel: '#a', incident-channel: { severities: [P0], invite: [x] } }",
      /there is no group x under approvals.groups/,
    ],
    ["cron", "freeze: [{ cron: 'every day', for: 1h }]", /freeze\[0\].cron/],
    [
      "a risk that cannot be accepted",
      "redis: { accept-risk: [no-aof, no-redis] }",
      /redis.accept-risk\[1\]: .*no-aof/,
    ],
    ["anchor", "vars: &a { x: 1 }", /anchors are not allowed/],
    ["not a map", "- a", /./],
  ];
  for (const [name, text, expected] of rows) {
    test(name, () => {
      const faults = faultsOf(MINIMAL + text);
      if (typeof expected === "string") assert.deepEqual(faults, [expected]);
      else assert.match(faults.join("\n"), expected);
    });
  }

  test("version", () => {
    assert.match(faultsOf(MINIMAL.replace("version: 1\n", "")).join(), /version/);
    assert.match(faultsOf(MINIMAL.replace("version: 1", "version: 2")).join(), /stanch.yaml:1:10 version/);
  });

  test("two tokens of one name or one secret", () => {
    const text = MINIMAL.replace(
      "tokens: [",
      `tokens: [{ name: cli, role: viewer, token: "\${env:STANCH_API_TOKEN}" }, `,
    );
    assert.match(faultsOf(text).join("\n"), /the token name cli is used twice\n.*it is the same secret as that of cli/);
  });
});

describe("every fault at once", () => {
  test("a fault of the shape hides no fault of an expression, a name or a window", () => {
    const text = `${MINIMAL.replace(
      "tokens: [",
      'tokens: [{ name: broken, role: king, token: "some-secret-1" }, { name: a, role: viewer, token: "some-secret-2" }, { name: a, role: viewer, token: "some-secret-3" }, ',
    )}facts: { load: { query: up, max-age: soon } }
severity: [{ level: P9, when: "true" }, { level: P1, when: facts.nope > 1 }, { level: P2, when: facts.load > 1 }]
freeze: [{ cron: "every day", for: 1h }, { cron: "0 1 * * *", for: long }]
approvals:
  groups: { g: { people: [nobody], api-tokens: [broken] } }
  default: { group: nogroup, required: 0 }
connections:
  http: { bad: { base-url: nonsense } }
  settings: { s: { kind: http, http: nohttp, path: /s, allow: {} }, t: { kind: http, http: bad, path: /s, allow: {} } }
`;
    const paths = faultsOf(text).map((fault) => fault.split(" ")[1]?.slice(0, -1));
    assert.deepEqual(paths, [
      "api.tokens[0].role",
      "api.tokens[2].name",
      "facts.load.max-age",
      "severity[0].level",
      "severity[1].when",
      "freeze[0].cron",
      "freeze[1].for",
      "approvals.groups.g.people[0]",
      "approvals.default.group",
      "approvals.default.required",
      "connections.http.bad.base-url",
      "connections.settings.s.http",
    ]);
  });
});

describe("what is still to come is named so", () => {
  for (const row of NOT_IMPLEMENTED_KEYS) {
    test(row, () => {
      const [path = "", value = "x"] = row.split(": ");
      const text = path.split(".").reduceRight((inner, key) => `{ ${key === "*" ? "some" : key}: ${inner} }`, value);
      const faults = faultsOf(`${MINIMAL}${text.slice(1, -1).trim()}`);
      assert.deepEqual(
        faults.map((fault) => fault.split(": ").at(-1)),
        ["not implemented yet"],
      );
    });
  }
});

describe("the environment", () => {
  const rows: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{ PORT: "http" }, /PORT: expected a port number/],
    [{ LOG_LEVEL: "loud" }, /LOG_LEVEL: expected trace/],
    [{ REDIS_URL: "localhost:6379" }, /REDIS_URL: expected a redis:/],
    [{ SLACK_BOT_TOKEN: "xoxb-1" }, /SLACK_SIGNING_SECRET/],
    [{ SLACK_SIGNING_SECRET: "x" }, /SLACK_BOT_TOKEN/],
  ];
  for (const [environment, expected] of rows) {
    test(Object.keys(environment).join(), () =>
      assert.match(faultsOf(MINIMAL, { environment: { ...SECRETS, ...environment } }).join(), expected),
    );
  }

  test("a variable or file that is missing is named with its place, once", () => {
    assert.deepEqual(faultsOf(MINIMAL, { environment: { STANCH_API_TOKEN: "api-secret-123456" } }), [
      "stanch.yaml:2:36 sources.alertmanager.bearer: the environment variable ALERTMANAGER_TOKEN is not set",
    ]);
    assert.match(
      faultsOf(`${MINIMAL}connections: { prometheus: { m: { url: "\${file:nope.txt}" } } }`).join("\n"),
      /^stanch.yaml:4:40 connections.prometheus.m.url: the file nope.txt cannot be read or is empty$/,
    );
  });
});

test("every fault is told at once, whatever part it is in, in the order of the text", () => {
  const faults = faultsOf(
    `version: 1
autonomy: full
sources: { alertmanager: { bearer: "\${env:MISSING}" } }
facts: { a: { query: 'x \${{ nope }}' } }
severity: [{ level: P0, when: facts.b > 1 }]
approvals: { default: { group: x } }
connections: { postgres: {} }
whatever: 1
`,
    { environment: { PORT: "x" } },
  );
  assert.deepEqual(
    faults.map((fault) => fault.split(": ")[0]),
    [
      "PORT",
      "stanch.yaml:1:1 api.tokens",
      "stanch.yaml:2:11 autonomy",
      "stanch.yaml:3:36 sources.alertmanager.bearer",
      "stanch.yaml:4:29 facts.a.query",
      "stanch.yaml:5:37 severity[0].when",
      "stanch.yaml:6:32 approvals.default.group",
      "stanch.yaml:7:26 connections.postgres",
      "stanch.yaml:8:1 whatever",
    ],
  );
});

test("a secret never stands in a message", () => {
  const secret = "hunter2-very-secret";
  const places = [
    "autonomy: X",
    "retention: X",
    "facts: { a: { query: X, fallback: X } }",
    "severity: [{ level: P0, when: X }]",
    "slack: { channel: a, routes: [{ match: [X], channel: b }] }",
    "connections: { prometheus: { m: { url: X } } }",
    "durability: X",
    "incidents: X",
    "connections: { settings: { g: { kind: X } } }",
    "freeze: [{ cron: X, for: 1h }]",
    "escalation: [{ after: 0m, when: X, notify: [X] }]",
    "approvals: { default: { group: X } }",
    "limits: { budget: X }",
    "version: X",
    "max-body: X",
  ];
  for (const place of places) {
    const faults = faultsOf(MINIMAL + place.replaceAll("X", `"\${env:HIDDEN}"`), {
      environment: { ...SECRETS, HIDDEN: secret, PORT: "bad", REDIS_URL: secret },
    });
    assert.ok(faults.length > 0, place);
    assert.ok(!faults.join("\n").includes(secret), faults.join("\n"));
  }
});

test("a file that is not there says what to do", () => {
  assert.throws(
    () => loadConfig({ file: "/nowhere/stanch.yaml", environment: {}, insecureDev: true }),
    /stanch init.*STANCH_CONFIG/,
  );
});

test("any text is a Config or an AppError with faults", () => {
  const line = fc.constantFrom(
    "version: 1",
    "autonomy: auto",
    "facts:",
    "  a: { query: up }",
    "severity: 3",
    "- x",
    "sources: {}",
    "api: [",
    "vars: { a: [1, 2] }",
    "connections:",
    "  http: {}",
    "slack: null",
    "limits: { budget: [] }",
  );
  const near = fc.array(line, { maxLength: 10 }).map((lines) => lines.join("\n"));
  fc.assert(
    fc.property(fc.oneof(fc.string(), near), (text) => {
      try {
        assert.ok(loadConfig({ file: put("any.yaml", text), environment: SECRETS, insecureDev: true }));
      } catch (error) {
        assert.ok(error instanceof AppError && error.faults.length > 0, String(error));
      }
    }),
    { numRuns: 100 },
  );
});
