import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../src/core/errors.ts";
import { failureOf } from "../../src/store/redis/failures.ts";

test("a lost connection is told in our words, not in those of the client's settings", () => {
  const thrown = new Error("Reached the max retries per request limit (which is 0). Refer to maxRetriesPerRequest");
  thrown.name = "MaxRetriesPerRequestError";
  const failure = failureOf(thrown, "10.0.0.1:6379");
  assert.ok(failure instanceof AppError);
  assert.equal(failure.code, "unavailable");
  assert.equal(
    failure.message,
    "reaching Redis at 10.0.0.1:6379: the connection was lost, or there is none; check that it runs and can be reached",
  );
});
