import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { fields, table } from "../../src/cli/table.ts";
import { clean, cleanLines, relative, when } from "../../src/cli/text.ts";

const NOW = Date.UTC(2026, 10, 21, 12, 0, 0);
const plain = { color: false };

describe("terminal text", () => {
  test("times are relative and absolute", () => {
    assert.equal(when("2026-11-21T11:57:00.000Z", NOW), "3m ago (2026-11-21 11:57:00Z)");
    assert.equal(when("2026-11-21T12:30:30.000Z", NOW), "in 30m30s (2026-11-21 12:30:30Z)");
    assert.equal(when("2026-11-18T07:10:00.000Z", NOW), "3d5h ago (2026-11-18 07:10:00Z)");
    assert.equal(when(null, NOW), "");
    assert.equal(relative(NOW - 200, NOW), "now");
  });

  test("cleaned text has no controls, whatever it was, and one line stays one line", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        assert.doesNotMatch(clean(text), /[\p{Cc}\u202A-\u202E\u2066-\u2069]/u);
        assert.doesNotMatch(cleanLines(text).replace(/[\n\t]/g, ""), /\p{Cc}/u);
      }),
    );
  });

  test("tables are aligned by characters, not by bytes", () => {
    const rows = [
      { a: "é", b: "1" },
      { a: "longer", b: "2" },
    ];
    const columns = [
      { title: "a", cell: (row: { a: string }) => row.a },
      { title: "b", cell: (row: { b: string }) => row.b },
    ];
    assert.equal(table(plain, columns, rows), "A       B\né       1\nlonger  2");
  });

  test("fields leave empty values out", () => {
    assert.equal(
      fields(plain, [
        ["id", "inc-1"],
        ["resolved", ""],
        ["title", "x"],
      ]),
      "id     inc-1\ntitle  x",
    );
  });
});
