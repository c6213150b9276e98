import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { code, cut, foreign, join, link, mention, mrkdwn, preformatted, when } from "../../../src/chat/slack/text.ts";

describe("mrkdwn", () => {
  test("escapes every value, and leaves what is mrkdwn already", () => {
    const name = foreign("<b> & co");
    assert.equal(
      mrkdwn`*${name}* ${"<!channel>"} ${3} ${undefined}`.mrkdwn,
      "*&lt;b&gt; &amp; co* &lt;!channel&gt; 3 ",
    );
  });

  test("cutting never goes through an escape, a mention, a link or a character, and stays within the limit", () => {
    const whole = join(
      [foreign("a&b<c>d😀"), mention("U012ABCDE"), link("https://x.example/?a=1&b=2", "x"), when(0)],
      "",
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: whole.mrkdwn.length + 5 }), (max) => {
        const { mrkdwn: text } = cut(whole, max);
        assert.ok(text.length <= Math.max(max, 1));
        assert.doesNotMatch(text, /&(?!(?:amp|lt|gt);)|<[^>]*$|\p{Cs}/u);
      }),
    );
  });

  test("ids that are none are no mentions", () => {
    assert.equal(mention("U012ABC")?.mrkdwn, "<@U012ABC>");
    assert.equal(mention("S045DEF")?.mrkdwn, "<!subteam^S045DEF>");
    for (const id of ["channel", "U1> <!here", "SRE", "u012abc", ""]) assert.equal(mention(id), undefined);
  });

  test("links lead over http only, and their words cannot end them", () => {
    assert.equal(link("https://a.example/?x=1&y=2", "a|b>").mrkdwn, "<https://a.example/?x=1&amp;y=2|a/b&gt;>");
    assert.equal(link("javascript:alert(1)", "x").mrkdwn, "x");
    assert.equal(link("not a url", "<x>").mrkdwn, "&lt;x&gt;");
  });

  test("code cannot be ended from inside", () => {
    assert.equal(code("a`b`").mrkdwn, "`a'b'`");
    assert.equal(code("").mrkdwn, "_empty_");
    assert.equal(preformatted(["a```", "<b>"]).mrkdwn, "```a'''\n&lt;b&gt;```");
  });
});
