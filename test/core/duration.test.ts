import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatDuration, parseDuration } from "../../src/core/duration.ts";
import { AppError } from "../../src/core/errors.ts";

describe("parseDuration", () => {
  const good: readonly [string, number][] = [
    ["0", 0],
    ["0s", 0],
    ["500ms", 500],
    ["90s", 90_000],
    ["1h30m", 5_400_000],
    ["1d", 86_400_000],
    ["2w", 1_209_600_000],
    ["1y", 31_536_000_000],
    ["1y2w3d4h5m6s7ms", 33_019_506_007],
    ["64h", 230_400_000],
    ["5m500ms", 300_500],
  ];
  for (const [text, expected] of good) test(`reads ${text}`, () => assert.equal(parseDuration(text), expected));

  const bad = [
    "",
    " ",
    "1",
    "10",
    "1h30",
    "10M",
    "1.5h",
    "-1h",
    "1h 30m",
    "30m1h",
    "1h1h",
    "h",
    "1 h",
    "5min",
    "1µs",
    "1ns",
    "∞",
    "1e3s",
    "0x1s",
  ];
  for (const text of bad) {
    test(`refuses ${JSON.stringify(text)} and says how to write it`, () =>
      assert.throws(
        () => parseDuration(text),
        (error) => error instanceof AppError && /write it like 90s/.test(error.message),
      ));
  }

  test("refuses what Prometheus cannot hold", () => {
    assert.equal(parseDuration("292y"), 9_208_512_000_000);
    assert.throws(() => parseDuration("293y"), /too long/);
    assert.throws(() => parseDuration(`${"9".repeat(400)}s`), /too long/);
  });
});

describe("formatDuration", () => {
  const rows: readonly [number, string][] = [
    [0, "0s"],
    [-5_000, "0s"],
    [Number.NaN, "0s"],
    [1, "1ms"],
    [999.4, "999ms"],
    [1_000, "1s"],
    [1_499, "1s"],
    [899_999, "15m"],
    [5_400_000, "1h30m"],
    [7_200_000, "2h"],
    [230_400_000, "2d16h"],
  ];
  for (const [length, expected] of rows)
    test(`${length} is ${expected}`, () => assert.equal(formatDuration(length), expected));

  test("is read back by parseDuration, to the second", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_000_000_000_000 }), (length) => {
        const read = parseDuration(formatDuration(length));
        assert.ok(length < 1_000 || length % 1_000 === 0 ? read === length : Math.abs(read - length) <= 500);
      }),
    );
  });

  test("parseDuration answers or throws an AppError, whatever it is given", () => {
    const near = fc.stringMatching(/^[0-9ywdhms .-]{0,12}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), near), (text) => {
        try {
          const length = parseDuration(text);
          assert.ok(Number.isSafeInteger(length) && length >= 0);
        } catch (error) {
          assert.ok(error instanceof AppError);
        }
      }),
    );
  });
});
