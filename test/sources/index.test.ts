import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { it } from "node:test";
import { SOURCE_NAMES } from "../../src/core/alert.ts";
import { createSources, sourceTable } from "../../src/sources/index.ts";

const folder = new URL("../../src/sources/", import.meta.url);
const deps = { now: () => 0, fetchCertificate: async () => "", confirmSubscription: async () => {} };

it("registers every file of the folder, and nothing else", () => {
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "index.ts")
    .map((entry) => basename(entry.name, ".ts"));
  assert.deepEqual(files.sort(), Object.keys(sourceTable).sort());
  assert.deepEqual(Object.keys(sourceTable).sort(), [...SOURCE_NAMES].sort());
});

it("has a test for every source", () => {
  const tests = readdirSync(new URL(".", import.meta.url));
  for (const name of SOURCE_NAMES) assert.ok(tests.includes(`${name}.test.ts`), name);
});

it("makes only the sources that are configured", () => {
  const sources = createSources(
    { grafana: { kind: "none" }, cloudwatch: { topics: [], allowSignatureVersion1: false } },
    deps,
  );
  assert.deepEqual([...sources.keys()], ["grafana", "cloudwatch"]);
  assert.deepEqual(
    [...sources.values()].map((source) => source.name),
    ["grafana", "cloudwatch"],
  );
});
