import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { byPriority, indexPlaybooks } from "../../src/core/match-index.ts";
import type { Matcher, Playbook } from "../../src/core/playbook/playbook.ts";
import { matcher, playbook } from "../flow/assess/samples.ts";

function naive(playbooks: readonly Playbook[], labels: Readonly<Record<string, string>>): readonly string[] {
  const all = playbooks.filter((one) => one.match.every((matcher) => matcher.test(labels)));
  return [...all].sort(byPriority).map((one) => one.name);
}

const names = fc.constantFrom("alertname", "service", "cluster", "constructor", "__proto__");
const values = fc.constantFrom("", "a", "b", "ab", "litellm", "toString");
const labelSets = fc.uniqueArray(fc.tuple(names, values), { selector: ([name]) => name }).map(Object.fromEntries);
const matchers: fc.Arbitrary<Matcher> = fc
  .tuple(
    names,
    fc.constantFrom("=", "!=", "=~", "!~") as fc.Arbitrary<Matcher["operator"]>,
    fc.constantFrom("", "a", "b", "a.*", "lite.*|b", ".*"),
  )
  .map(([label, operator, value]) => matcher(label, operator, value));
const sets = fc
  .array(fc.tuple(fc.array(matchers, { maxLength: 3 }), fc.integer({ min: 0, max: 3 })), { maxLength: 20 })
  .map((rows) => rows.map(([match, priority], index) => playbook({ name: `p${index}`, match, priority })));

test("the index answers exactly as testing every matcher of every playbook", () => {
  fc.assert(
    fc.property(sets, fc.array(labelSets, { minLength: 1, maxLength: 10 }), (playbooks, alerts) => {
      const index = indexPlaybooks(playbooks);
      for (const labels of [...alerts, ...alerts]) {
        assert.deepEqual(
          index.select(labels).map((one) => one.name),
          naive(playbooks, labels),
        );
      }
    }),
    { numRuns: 500 },
  );
});

test("a near miss names the first matcher that does not hold, and never a playbook that matches", () => {
  fc.assert(
    fc.property(sets, labelSets, (playbooks, labels) => {
      const index = indexPlaybooks(playbooks);
      const matched = new Set(naive(playbooks, labels));
      for (const { playbook, failed } of index.nearMisses(labels, 50)) {
        assert.equal(matched.has(playbook.name), false);
        assert.equal(failed.test(labels), false);
      }
    }),
  );
});

test("regular expressions run once per value, however many alerts carry it", () => {
  let tests = 0;
  const counting: Matcher = {
    label: "service",
    operator: "=~",
    value: "lite.*",
    test: (labels) => {
      tests += 1;
      return /^lite.*$/.test(labels["service"] ?? "");
    },
  };
  const index = indexPlaybooks([playbook({ name: "one", match: [counting] })]);
  for (let count = 0; count < 1000; count += 1) assert.equal(index.select({ service: "litellm" }).length, 1);
  assert.ok(tests <= 2, `${tests} tests for one value`);
});

test("remembered values are bounded and the answers stay right", () => {
  const index = indexPlaybooks([playbook({ name: "one", match: [matcher("pod", "=~", "pod-.*7")] })]);
  for (let count = 0; count < 20_000; count += 1) {
    assert.equal(index.select({ pod: `pod-${count}` }).length, String(count).endsWith("7") ? 1 : 0);
  }
});

test("a playbook is indexed under its rarest equality", () => {
  let looked = 0;
  const rare = (name: string): Matcher => ({
    ...matcher("alertname", "=", name),
    test: (labels) => {
      looked += 1;
      return labels["alertname"] === name;
    },
  });
  const playbooks = Array.from({ length: 100 }, (_, i) =>
    playbook({ name: `p${i}`, match: [matcher("service", "=", "litellm"), rare(`Alert${i}`)] }),
  );
  const index = indexPlaybooks(playbooks);
  assert.deepEqual(
    index.select({ service: "litellm", alertname: "Alert42" }).map((one) => one.name),
    ["p42"],
  );
  assert.equal(looked, 1);
});
