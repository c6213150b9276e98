import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cutText, lostFrom, REDACTED, redact, redactHead, redactText } from "../../src/core/redact.ts";
import { keepable } from "../../src/flow/run/call.ts";

const TOKEN = `eyJ${"h".repeat(20)}.${"p".repeat(60)}.${"s".repeat(40)}`;
const BEGIN = "-----BEGIN RSA PRIVATE KEY-----";
const END = "-----END RSA PRIVATE KEY-----";

test("tokens and private keys are replaced wherever they stand, also where they were cut", () => {
  assert.equal(redactText(`a ${TOKEN} b`), `a ${REDACTED} b`);
  assert.equal(redactText(`x-${TOKEN}.rest ${TOKEN}`), `x-${REDACTED}.rest ${REDACTED}`);
  assert.equal(redactText(TOKEN.slice(0, 50)), REDACTED);
  assert.equal(redactText(`a ${BEGIN}\nabc\n${END}${BEGIN}\ndef\n${END} b`), `a ${REDACTED}${REDACTED} b`);
  assert.equal(redactText(`${END} a ${BEGIN}\nabc`), `${END} a ${REDACTED}`);
});

test("every known shape of a credential is replaced, and nothing around it", () => {
  const long = "a1B2".repeat(6);
  const shapes = [`Bearer ${long}`, `Basic ${long}`, `sk-${long}`, "xoxb-12345678", "xapp-12345678", `ghp_${long}`];
  for (const secret of [...shapes, `AKIA${"A1".repeat(8)}`])
    assert.equal(redactText(`it has ${secret} in it`), `it has ${REDACTED} in it`);
  for (const url of ["redis://user:PLACE@host:6379/0", "https://:PLACE@host/path"])
    assert.equal(redactText(url.replace("PLACE", "hunter22")), url.replace("PLACE", REDACTED));
});

test("what is named as a credential in a text is replaced", () => {
  const rows = [
    ["db password=PLACE and more", "hunter2"],
    ["login with DB_PASSWORD = PLACE, then", "swordfish"],
    ["password: PLACE", "hunter2"],
    ["user anna / pwd: PLACE", "S3cret!x"],
    ['{"password":"PLACE","user":"x"}', "swordfish"],
    ["{'api_key': 'PLACE'}", "abcdef123"],
    ["api key: PLACE leaked", "abcdef123"],
    ["https://host/path?access_token=PLACE&x=1", "abcdefgh"],
    ["AWS_SECRET_ACCESS_KEY=PLACE", "wJalrXUtnFEMI/K7MDENG"],
    ["client_secret=PLACE", "correct-horse"],
    ["secret=PLACE", "hunter2"],
    ["db_pass=PLACE", "abc"],
    ["SLACK_TOKEN=PLACE", "abc"],
  ] as const;
  for (const [text, secret] of rows)
    assert.equal(redactText(text.replace("PLACE", secret)), text.replace("PLACE", REDACTED), text);
});

test("ordinary words around such names stay", () => {
  for (const text of [
    "password: required",
    "Password: the one of last week no longer works",
    "invalid token: unexpected end of JSON",
    "token: 401 Unauthorized",
    "password=missing, token=expired",
    "max_tokens=4096 prompt_tokens: 1523",
    "time_to_first_token=1.2s cost_per_token=0.00003 time_per_output_token: 0.0523",
    "bypass=true pass=3 fail=2 compass: n0rth99",
    "secret: default/litellm-env not found",
    "secret=litellm-env is not mounted",
    'kube_secret_info{secret=~"router.*"}',
    "api key: see https://wiki.example.com/keys2",
    `password=\${vars.x} token=[redacted]`,
    "the tokenizer: v2beta1",
  ])
    assert.equal(redactText(text), text);
});

test("what is named as a credential is replaced at every depth, and what is only named alike stays", () => {
  const names = ["password", "db_passwd", "clientSecret", "slackToken", "api-key", "API_KEY", "Authorization"];
  for (const name of [...names, "credentials", "privateKey", "private-key", "cookie", "DSN"])
    assert.deepEqual(redact({ list: [{ [name]: "hunter22" }] }), { list: [{ [name]: REDACTED }] }, name);
  const plain = { maxTokens: "100", token: 5, password: "", cookieName: "sid", passage: "free" };
  assert.deepEqual(redact(plain), plain);
  const deep = (levels: number): object => (levels === 0 ? { text: "shown" } : { in: deep(levels - 1) });
  assert.match(JSON.stringify(redact(deep(19))), /shown/);
  assert.doesNotMatch(JSON.stringify(redact(deep(22))), /shown/);
});

test("an input that holds what was redacted is known as such, however deep", () => {
  assert.match(lostFrom({ ok: "x", env: [{ value: `Bearer ${REDACTED}` }] }) ?? "", /^env holds "\[redacted\]"/);
  assert.equal(lostFrom({ env: [{ value: "plain" }, null, 5] }), undefined);
});

test("what looks a little like one stays", () => {
  for (const text of ["eyJ.eyJ.eyJ", "a.b.c", "eyJhbGciOiJIUzI1NiJ9", `${BEGIN.replace("PRIVATE", "PUBLIC")}\nabc`])
    assert.equal(redactText(text), text);
});

test("whatever the text, a whole token in it is replaced", () => {
  const piece = fc.constantFrom("eyJ", "-", ".", " ", "a", "eyJaaaaaaaaaa", TOKEN);
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join("");
      const rest = redactText(text);
      assert.doesNotMatch(rest, /\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\./);
      if (!text.includes("eyJ")) assert.equal(rest, text);
    }),
  );
});

/** The best of several, in milliseconds. */
function timeOf(act: () => unknown): number {
  const times = Array.from({ length: 5 }, () => {
    const began = performance.now();
    act();
    return performance.now() - began;
  });
  return Math.min(...times);
}

test("its time is linear in the text, however it was made", () => {
  for (const piece of ["-eyJaaaaaaaaaaaa", BEGIN, `${END}${BEGIN}`, "eyJaaaaaaaaaaaa.-", "://a:", "Bearer ", "sk-"]) {
    const [short, long] = [4, 64].map((kib) => piece.repeat(Math.ceil((kib * 1_024) / piece.length)));
    const ratio =
      timeOf(() => redactText(long ?? "")) /
      Math.max(
        timeOf(() => redactText(short ?? "")),
        0.05,
      );
    assert.ok(ratio < 80, `${piece}: 16 times the text took ${Math.round(ratio)} times as long`);
  }
});

test("a cut leaves no half of a secret", () => {
  for (let before = 900; before < 1_000; before++) {
    const cut = redactText(cutText(`${"word ".repeat(before / 5)}${TOKEN} and more`, 1_000));
    assert.doesNotMatch(cut, /eyJ|hhh|ppp|sss/);
  }
  assert.equal(cutText("x".repeat(100), 40).length, 20, "half of it is kept at least");
  assert.equal(cutText("one two", 7), "one two");
});

test("of an output that is too large only the head is looked at, and no secret is in it", () => {
  const log = `${TOKEN} `.repeat(20_000);
  const kept = keepable({ password: "hunter22", log, more: log });
  assert.equal(kept["truncated"], true);
  assert.ok(Number(kept["bytes"]) > 2 * log.length);
  const text = JSON.stringify(kept);
  assert.ok(text.length < 16 * 1_024);
  assert.doesNotMatch(text, /eyJ|hunter22|ppp/);
  assert.match(text, /redacted/);
});

test("the head of a value takes no longer for all that comes after it", () => {
  const list = (length: number) => ({
    list: Array.from({ length }, (_, at) => ({ name: `pod-${at}`, value: "a b c d" })),
  });
  const [short, long] = [list(5_000), list(100_000)];
  const ratio =
    timeOf(() => redactHead(long, 16_384)) /
    Math.max(
      timeOf(() => redactHead(short, 16_384)),
      0.2,
    );
  assert.ok(ratio < 8, `20 times the value took ${Math.round(ratio)} times as long`);
});
