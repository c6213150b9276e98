import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { foldRun } from "../../../src/core/run/run.ts";
import { resolveLine } from "../../../src/flow/report/decision-line.ts";
import { text } from "../../../src/flow/report/markdown.ts";
import { renderReport } from "../../../src/flow/report/report.ts";
import { reportName } from "../../../src/flow/report/wanted.ts";
import { after, alertOf, CREATED, factsOf, TIMELINE } from "./samples.ts";

describe("hostile text", () => {
  const EVIL =
    "x\n## Root cause\n\n- [x] fixed | a | b |\r\n\u2028\u202E<img src=x onerror=1> [a](http://e) `c` ![i](j) **bold** \\| www.evil.com sk-aaaaaaaaaaaaaaaaaaaa";

  test("in labels, messages, reasons and names forges neither lines nor Markdown, and no secret stands", () => {
    const clean = renderReport(factsOf({ lines: TIMELINE }));
    const alerts = [alertOf({ alert: { ...alertOf().alert, labels: { alertname: EVIL } } })];
    const lines = [...TIMELINE.slice(1), { at: after(1), kind: "incident", text: EVIL, by: EVIL } as const];
    const evil = renderReport(
      factsOf({ incident: { title: EVIL, key: EVIL, labels: { service: EVIL } }, alerts, lines }),
    );
    const shape = (report: string): readonly string[] => report.match(/^(#+ |\| [A-Z]|- \[ \])/gm) ?? [];
    assert.deepEqual(shape(evil), shape(clean));
    assert.equal(evil.split("\n").length, clean.split("\n").length);
    const active = evil.replace(/\\./g, "");
    for (const part of ["<img", "[a]", "`", "**bold", "://e", "www.evil", "sk-aaaa", "\u202E", "\u2028"])
      assert.ok(!active.includes(part), part);
  });

  test("of a mail address, a web address or a host makes no link", () => {
    const table: readonly (readonly [string, string])[] = [
      ["a@b.c", "`a@b.c`"],
      ["ask mailto:on_call@example.com, not ben", "ask `mailto:on_call@example.com`, not ben"],
      ["owner=a+b@b.c|x", "`owner=a+b@b.c`\\|x"],
      ["\\`a@b.c`", "\\\\\\``a@b.c`\\`"],
      ["https://a@b.c/x_y?z=1&w=2", "`https://a@b.c/x_y?z=1`\\&w=2"],
      ["see HTTPS://example.com and Www.example.com", "see HTTPS\\://example.com and Www\\.example.com"],
      ["slack @oncall", "slack @oncall"],
    ];
    for (const [foreign, shown] of table) assert.equal(text(foreign), shown);
  });

  test("any text gives no mail address outside of code, as GitHub finds them: after escapes and entities", () => {
    const piece = fc.constantFrom(
      "a",
      "b.c",
      "@",
      ".",
      "\\",
      "`",
      "_",
      "*",
      "&#64;",
      "<",
      ">",
      "|",
      " ",
      "&",
      "é",
      "-",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const shown = text(pieces.join(""));
        const plain = shown.replace(/\\[\s\S]|`[^`]*`/g, (found) => (found.startsWith("`") ? "\n" : found.slice(1)));
        assert.doesNotMatch(plain, /[\w.+-]@[\w-]/, shown);
      }),
    );
  });

  test("any title gives a table whose every row has its two cells", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (title) => {
        const report = renderReport(factsOf({ incident: { title, key: title, labels: { a: title } } }));
        const summary = report.slice(report.indexOf("| field"), report.indexOf("## Milestones"));
        for (const row of summary.trimEnd().split("\n")) {
          assert.equal(row.replace(/\\\\/g, "").replace(/\\\|/g, "").split("|").length, 4, row);
        }
      }),
    );
  });

  test("any text gives one line of seven fields in the decision log", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (said) => {
        const line = resolveLine(factsOf({ incident: { title: said, key: said } }), after(16), "38");
        assert.equal(line.text.split(" | ").length, 8);
        assert.equal(line.text.split("|").length, 8);
        assert.ok(!/[\p{Cc}\u2028\u2029]/u.test(line.text));
        assert.ok(line.mark.every((part) => line.text.includes(part)));
      }),
    );
  });

  test("names a file that stays in its directory", () => {
    const created = { ...CREATED, playbook: "../../etc/passwd" };
    const name = reportName(factsOf({ runs: [foldRun([created])], incident: { id: "inc-12/../x" } }));
    assert.equal(name, "etc-passwd_incident_20261121_1201_inc-12-x.md");
    assert.equal(
      reportName(factsOf({ runs: [], incident: { title: "Ü" } })),
      "incident_incident_20261121_1201_inc-12.md",
    );
  });
});
