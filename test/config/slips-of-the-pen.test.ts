import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { faultsOf, MINIMAL } from "./samples.ts";

const PAGER = "stanch.yaml:4:47 connections.pagerduty.a.routing-key:";
const REMEDY = `not filled in; write \${env:NAME} or \${file:PATH}`;

describe("what is written in a hurry is told with its remedy", () => {
  for (const cron of ["0 16 * *", "0 0 16 * * 5", "H 16 * * 5", "0 H(8-16) * * 5", "0,H 16 * * THU"]) {
    test(`cron ${cron}`, () => {
      const [fault = "", ...others] = faultsOf(`${MINIMAL}freeze: [{ cron: '${cron}', for: 1h }]`);
      assert.match(fault, /freeze\[0\].cron: .* is no cron expression of five fields: minute, hour/);
      assert.deepEqual(others, []);
    });
  }

  for (const cron of ["0 16 * * THU", "0 16 * * MON-THU", "@daily"]) {
    test(`cron ${cron} is as it should be`, () => {
      assert.deepEqual(faultsOf(`${MINIMAL}freeze: [{ cron: '${cron}', for: 1h, reason: r }]`), []);
    });
  }

  test("a group of label_replace is no reference", () => {
    const query = `label_replace(up, "host", "\${1}", "instance", "(.*):.*") > 0`;
    assert.deepEqual(faultsOf(`${MINIMAL}vars: { query: '${query}' }`), []);
  });

  const names = [
    [`\${TOKEN_OF_BEN}`, `\${TOKEN_OF_BEN} is`],
    [`\${ENV:TOKEN_OF_BEN}`, `\${ENV:TOKEN_OF_BEN} is`],
    ["$TOKEN_OF_BEN", "this is"],
    [`\${{ env.TOKEN_OF_BEN }}`, "this is"],
  ] as const;
  for (const [text, what] of names) {
    test(`a secret that nothing fills in: ${text}`, () => {
      const faults = faultsOf(`${MINIMAL}connections: { pagerduty: { a: { routing-key: '${text}' } } }`);
      assert.deepEqual(faults, [`${PAGER} ${what} ${REMEDY}`]);
    });
  }

  test("a header of two lines", () => {
    const text = `connections: { prometheus: { m: { url: 'http://h', headers: { x: "a\\nb" } } } }`;
    assert.match(faultsOf(MINIMAL + text).join(), /headers.x: expected the value of an HTTP header: one line/);
  });

  test("a reference without quotes is one fault, however much follows", () => {
    const text = `connections: { pagerduty: { a: { routing-key: \${env:KEY} } } }\n${"autonomy: auto\n".repeat(50)}`;
    const message = `put the text with \${ in quotes; within { } and [ ] YAML takes its { for a map`;
    assert.deepEqual(faultsOf(MINIMAL + text), [`stanch.yaml:4:48: ${message}`]);
  });

  test("a channel that is a comment", () => {
    const faults = faultsOf(`${MINIMAL}slack: { channel: #alerts }\nretention: 90d`);
    assert.match(faults.join("\n"), /; # begins a comment, a text with it stands in quotes$/);
  });

  test("a colon in a text", () => {
    assert.match(faultsOf(`${MINIMAL}autonomy: a: b`).join(), /; a text with ": " in it stands in quotes$/);
  });
});
