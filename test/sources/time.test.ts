import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { AppError } from "../../src/core/errors.ts";
import { instantAt } from "../../src/sources/webhook/time.ts";

const read = (value: unknown) => instantAt(value, () => "at");

describe("a time", () => {
  it("is read as Date.parse reads it, with any fraction", () => {
    const dates = fc.date({ min: new Date(1), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true });
    fc.assert(
      fc.property(dates, fc.stringMatching(/^\d{0,9}$/), (date, fraction) => {
        const text = `${date.toISOString().slice(0, 19)}${fraction && `.${fraction}`}Z`;
        const expected = Date.parse(text);
        assert.equal(read(text), expected > 0 ? expected : undefined, text);
      }),
    );
  });

  it("may have an offset, also as AWS writes it", () => {
    const at = Date.parse("2026-11-21T12:30:15.123Z");
    for (const text of [
      "2026-11-21T12:30:15.123+0000",
      "2026-11-21T14:30:15.123+02:00",
      "2026-11-21T07:00:15.123-0530",
    ]) {
      assert.equal(read(text), at, text);
    }
  });

  it("is absent when the sender says so", () => {
    for (const value of [undefined, null, "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"])
      assert.equal(read(value), undefined);
  });

  it("is refused when it is none", () => {
    const wrong = [
      "2026-02-30T00:00:00Z",
      "2026-02-29T00:00:00+01:00",
      "",
      "now",
      1_700_000_000,
      {},
      "2026-11-21",
      "2026-11-21T12:30Z",
      "2026-11-21T12:30:15",
      "2026-11-21 12:30:15Z",
    ];
    const impossible = ["2026-00-21T12:30:15Z", "2026-13-21T12:30:15Z", "2026-11-00T12:30:15Z", "2026-11-32T12:30:15Z"];
    const over = [
      "2026-11-21T24:30:15Z",
      "2026-11-21T12:60:15Z",
      "2026-11-21T12:30:60Z",
      "2026-11-21T12:30:15.1234567890Z",
    ];
    for (const value of [...wrong, ...impossible, ...over]) {
      assert.throws(
        () => read(value),
        (error) => error instanceof AppError && error.faults[0]?.path === "at",
        String(value),
      );
    }
  });
});
