import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { REDACTED, redact, redactText } from "../../src/core/redact.ts";

test("the whole of a named credential is replaced, whatever is in it and around it", () => {
  const rows = [
    [`password="PLACE" user=x`, "two words"],
    [`token='PLACE', next`, "abc def"],
    [`password="PLACE" user=x`, `it's`],
    [`password="PLACE" user=x`, `with \\" a quote`],
    [`password="PLACE`, "cut in the middle"],
    ["password=PLACE and more", "ab(c)d"],
    ["password=PLACE and more", "a{b}c"],
    ["password=PLACE and more", "a&b"],
    ["password=PLACE and more", "ab\\cd"],
    ["password=PLACE and more", "$2b$12$abcdefgh"],
    ["login(password=PLACE) failed", "hunter2"],
    ["{user: x, password: PLACE}", "hunter2"],
    ["https://host/path?token=PLACE&x=1", "abc"],
    ["https://host/path?token=PLACE&amp;x=1", "abc"],
    [String.raw`{\"password\":\"PLACE\",\"user\":\"x\"}`, "hunter2"],
    [String.raw`{\"password\":\"PLACE\"}`, String.raw`a\\\"b`],
    [String.raw`{\\\"api_key\\\": \\\"PLACE\\\"}`, "abc def"],
    [`{"password"=>"PLACE", "user"=>"x"}`, "hunter2"],
    ["AWS_SECRET_ACCESS_KEY=PLACE", "/JalrXUtnFEMI/K7MDENG"],
    ["token=PLACE", "550e8400-e29b-41d4-a716-446655440000"],
    ["SLACK_TOKEN=PLACE", "ab-cd-1"],
    [`secret: "a note, password=PLACE" x`, "swordfish"],
  ] as const;
  for (const [text, secret] of rows) {
    const known = text.replace("PLACE", () => REDACTED);
    assert.equal(redactText(text.replace("PLACE", () => secret)), known, text);
    assert.equal(redactText(known), known, "twice is as good as once");
  }
});

const REFERENCES = [
  "os.environ/AZURE_KEY_2",
  "env:OPENAI_KEY_2",
  "vault:kv/prod/litellm2",
  "/run/secrets/DB_1",
  "/srv-2/key",
  "$DB_PASSWORD_2",
  "$" + "{env:KEY_2}",
  "$" + "{{ vars.key2 }}",
  "$(KEY_2)",
];

test("a reference to a credential is none, in a text and under its name", () => {
  for (const value of REFERENCES) {
    for (const text of [`api_key="${value}" x`, `"api_key": "${value}"`, `{\\"password\\":\\"${value}\\"}`])
      assert.equal(redactText(text), text);
    assert.deepEqual(redact({ api_key: value }), { api_key: value });
  }
  for (const value of ["os.environ/A b c2", "env:x y-secret2", "/JalrXUtnFEMI/K7", "$2b$12$abc", "$ecret"])
    assert.deepEqual(redact({ api_key: value }), { api_key: REDACTED }, value);
});

test("names, sentences of parsers and selectors stay", () => {
  for (const text of [
    "secret: litellm-env-v2 not found",
    'kube_secret_info{secret="litellm-env-v2"}',
    "token=us-west-1",
    "Unexpected token: 'foo'",
    `Unexpected token: "foo1bar2"`,
    'up{token=~"router.*"}',
    `err="bad password:" user="anna"`,
    `{"msg":"bad token:","user":"x"}`,
    "password={{ .Values.password }}",
    "token=(none)",
    "password=$password",
  ])
    assert.equal(redactText(text), text);
});

test("whatever stands between quotes, nothing of it is left", () => {
  const piece = fc.constantFrom("zq", "(", ")", "&", "{", "}", " ", "'", ";", ",", "=", "<", "x=1");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = redactText(`a password="zq1${pieces.join("")}" b`);
      assert.equal(text, `a password="${REDACTED}" b`);
    }),
  );
});

test("its time is linear in the text, however it was made", () => {
  const pieces = ["password=", `secret="`, "secret: '", `token=")`, "token=(", "password=a&", `secret="secret:'`];
  for (const piece of [...pieces, `token=\\"`, "unexpected token", "token=us-", "secret=$a.", "password=a&aa"]) {
    const [short, long] = [16, 256].map((kib) => piece.repeat(Math.ceil((kib * 1_024) / piece.length)));
    const ratio = timeOf(short ?? "", long ?? "");
    assert.ok(ratio < 60, `${piece}: 16 times the text took ${Math.round(ratio)} times as long`);
  }
});

/** How many times as long the second text takes. */
function timeOf(short: string, long: string): number {
  const [first = 0, second = 0] = [short, long].map((text) => {
    const times = Array.from({ length: 4 }, () => {
      const began = performance.now();
      redactText(text);
      return performance.now() - began;
    });
    return Math.min(...times);
  });
  return second / Math.max(first, 0.05);
}
