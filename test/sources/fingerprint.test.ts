import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { fingerprintOf, fnv1a64 } from "../../src/sources/webhook/fingerprint.ts";

function oracle(bytes: Uint8Array): string {
  let sum = 14695981039346656037n;
  for (const byte of bytes) sum = BigInt.asUintN(64, (sum ^ BigInt(byte)) * 1099511628211n);
  return sum.toString(16).padStart(16, "0");
}

it("is FNV-1a 64, whatever the chunks", () => {
  assert.equal(fnv1a64([]), "cbf29ce484222325");
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (chunks) => {
      assert.equal(fnv1a64(chunks), oracle(Buffer.concat(chunks)));
    }),
  );
});

it("does not depend on the order of labels, nor on empty ones", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), { noNullPrototype: true }),
      (labels) => {
        const reversed = Object.fromEntries(Object.entries(labels).reverse());
        assert.equal(fingerprintOf(labels), fingerprintOf({ ...reversed, absent: labels.absent ?? "" }));
      },
    ),
  );
});
