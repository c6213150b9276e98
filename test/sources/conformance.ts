import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { AlertGroup } from "../../src/core/alert.ts";
import { AppError, type ErrorCode } from "../../src/core/errors.ts";
import type { Source, WebhookRequest } from "../../src/core/source.ts";

/** What a source gives its conformance test. `now` of its dependencies stands still. */
export type SourceCase = {
  source: Source;
  /** Bodies as the sender posts them: one alert that fires, and the same one resolved. */
  firing: string;
  resolved: string;
  /** A call with everything that authenticates this body. */
  call(body: Buffer): WebhookRequest;
  /** Calls that carry a good body and must be refused. */
  refused: Readonly<Record<string, (body: Buffer) => WebhookRequest>>;
};

/** The AppError that a call ends in; anything else fails the test. */
export async function refusalOf(work: () => unknown): Promise<AppError> {
  try {
    await work();
  } catch (error) {
    assert.ok(error instanceof AppError, `expected an AppError, got ${String(error)}`);
    return error;
  }
  assert.fail("expected a refusal");
}

export async function groupOf(source: Source, call: WebhookRequest): Promise<AlertGroup> {
  const received = await source.receive(call);
  assert.equal(received.kind, "group");
  return (received as { group: AlertGroup }).group;
}

async function codeFor(work: () => unknown): Promise<ErrorCode> {
  return (await refusalOf(work)).code;
}

const unreadable: Readonly<Record<string, string | Buffer>> = {
  nothing: "",
  "cut off": '{"alerts":[{"status":"firing","labels":{"alertname":"X"',
  "a list": "[]",
  null: "null",
  "a string": '"alerts"',
  "no field of ours": "{}",
  "nested 100,000 deep": "[".repeat(100_000),
  "objects nested 100,000 deep": '{"alerts":'.repeat(100_000),
  "not UTF-8": Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
  "prototype keys": '{"__proto__":{"alerts":[]},"constructor":{"prototype":{"polluted":true}}}',
};

/** What every source must do; each has a test file that runs it. */
export function describeSource(name: string, make: () => SourceCase | Promise<SourceCase>): void {
  describe(`${name} as a source`, async () => {
    const given = await make();
    const { source } = given;
    const firing = Buffer.from(given.firing);
    const resolved = Buffer.from(given.resolved);

    it("reads a firing alert and the same one resolved", async () => {
      const first = await groupOf(source, given.call(firing));
      const second = await groupOf(source, given.call(resolved));
      const [a, b] = [first.alerts[0], second.alerts[0]];
      assert.equal(first.source, name);
      assert.deepEqual([a?.status, b?.status], ["firing", "resolved"]);
      assert.equal(a?.fingerprint, b?.fingerprint);
      assert.match(a?.fingerprint ?? "", /^[A-Za-z0-9_-]{1,64}$/);
      assert.equal(first.groupKey, second.groupKey);
      assert.notEqual(first.groupKey, "");
      assert.notEqual(a?.labels.alertname ?? "", "");
      assert.equal(a?.endsAt, undefined);
      assert.ok((b?.endsAt ?? 0) >= (b?.startsAt ?? Number.POSITIVE_INFINITY));
    });

    it("authenticates a good call without reading the body, where it can", () => {
      source.authenticate?.(given.call(firing));
      source.admit?.(given.call(firing).headers);
    });

    it("parses the kept body into what it received", async () => {
      for (const body of [firing, resolved]) {
        assert.deepEqual(source.parse(body.toString()), await groupOf(source, given.call(body)));
      }
    });

    for (const [what, call] of Object.entries(given.refused)) {
      it(`refuses ${what}`, async () => {
        assert.equal(await codeFor(() => source.receive(call(firing))), "unauthorized");
        const { authenticate, admit } = source;
        if (admit) assert.equal(await codeFor(() => admit(call(firing).headers)), "unauthorized");
        if (authenticate) assert.equal(await codeFor(() => authenticate(call(firing))), "unauthorized");
      });
    }

    for (const [what, body] of Object.entries(unreadable)) {
      it(`answers a body that is ${what} with the path of the fault`, async () => {
        const error = await refusalOf(() => source.receive(given.call(Buffer.from(body))));
        assert.equal(error.code, "invalid_request");
        assert.notEqual(error.faults[0]?.path ?? "", "");
        assert.ok(error.message.length < 300);
        assert.equal(({} as { polluted?: unknown }).polluted, undefined);
      });
    }

    it("reads or refuses any damaged body, and never breaks", () => {
      const positions = fc.array(fc.tuple(fc.nat(given.firing.length), fc.string({ unit: "binary", maxLength: 3 })));
      fc.assert(
        fc.property(positions, (edits) => {
          const damaged = edits.reduce(
            (text, [at, insert]) => text.slice(0, at) + insert + text.slice(at + 1),
            given.firing,
          );
          try {
            assert.equal(source.parse(damaged).source, name);
          } catch (error) {
            assert.ok(error instanceof AppError, String(error));
          }
        }),
        { numRuns: 200 },
      );
    });
  });
}
