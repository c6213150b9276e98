import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseCommandLine, parseTyped, quoted } from "../../../src/chat/slack/command-line.ts";
import { completeId } from "../../../src/chat/slack/complete.ts";

describe("what follows /stanch", () => {
  test("is a verb, words and options, in any order and case", () => {
    assert.deepEqual(parseTyped("  ACK inc-12 --here "), {
      verb: "ack",
      args: ["inc-12"],
      here: true,
      confirmed: false,
    });
    assert.deepEqual(parseTyped(""), { verb: "help", args: [], here: false, confirmed: false });
  });

  test("keeps quoted words together, curly quotes of phones included, and undoes Slack's escapes", () => {
    assert.deepEqual(parseTyped('run p a="x y" b=“1 2”').args, ["p", "a=x y", "b=1 2"]);
    assert.deepEqual(parseTyped("reject apr-1 a &lt; b &amp; c").args, ["apr-1", "a", "<", "b", "&", "c"]);
    assert.deepEqual(parseTyped("pause target:<http://a.example|a.example>").args, ["target:a.example"]);
  });

  test("an end that is missing is forgiven", () => {
    assert.deepEqual(parseTyped('run p "a b').args, ["p", "a b"]);
  });

  test("a quoted word is read back as it was", () => {
    const word = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => !/^--(here|confirmed)$/.test(text));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), (words) => {
        const line = ["run", ...words.map(quoted)].join(" ");
        assert.deepEqual(parseCommandLine(line).args, words);
      }),
    );
  });
});

describe("completing an id", () => {
  const words = { noun: "incident", those: "open" };
  const pool = [
    { id: "inc-1", label: "" },
    { id: "inc-12", label: "P1 a" },
    { id: "inc-120", label: "" },
    { id: "inc-7", label: "", incident: "inc-99" },
  ];
  const complete = (typed: string) => completeId(typed, pool, words);

  test("the whole id, or the only one that fits by number, beginning or incident", () => {
    assert.equal(complete("inc-1"), "inc-1");
    assert.equal(complete("120"), "inc-120");
    assert.equal(complete("INC-7"), "inc-7");
    assert.equal(complete("inc-99"), "inc-7");
  });

  test("an incident's number and the beginning of another one's id are not told apart by guessing", () => {
    const approvals = [
      { id: "apr-7f3a", label: "", incident: "inc-12" },
      { id: "apr-12cd", label: "", incident: "inc-3" },
    ];
    assert.throws(() => completeId("12", approvals, { noun: "approval", those: "waiting" }), /12 fits several/);
    assert.equal(completeId("inc-12", approvals, { noun: "approval", those: "waiting" }), "apr-7f3a");
    assert.equal(completeId("12c", approvals, { noun: "approval", those: "waiting" }), "apr-12cd");
  });

  test("digits that only begin the id of something else do not stand for an incident that has nothing there", () => {
    const left = [{ id: "apr-12cd", label: "redeploy", incident: "inc-3" }];
    const words = { noun: "approval", those: "waiting" };
    assert.throws(() => completeId("12", left, words), /12 only begins apr-12cd \(redeploy\): type more of it/);
    assert.equal(completeId("apr-12", left, words), "apr-12cd");
    assert.equal(completeId("3", left, words), "apr-12cd");
  });

  test("the beginning of a number is another incident's number", () => {
    const counted = { ...words, counted: true } as const;
    assert.equal(completeId("12", pool, counted), "inc-12");
    assert.throws(() => completeId("2", [{ id: "inc-21", label: "" }], counted), /no incident 2; open are: inc-21/);
    assert.throws(() => completeId("inc-2", [{ id: "inc-21", label: "" }], counted), /no incident inc-2/);
  });

  test("several, none and nothing are said with what there is", () => {
    assert.throws(() => complete("inc"), /inc fits several: inc-1, inc-12 \(P1 a\), inc-120, inc-7\./);
    assert.throws(() => complete("inc-5"), /no incident inc-5; open are: inc-1, inc-12 \(P1 a\)/);
    assert.throws(() => complete(""), /Which incident\? open are/);
    assert.throws(() => completeId("x", [], words), /no incident x; there are none open\./);
  });
});
