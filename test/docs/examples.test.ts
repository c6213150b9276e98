import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { lint } from "./lint.ts";
import { list, read } from "./repository.ts";

/** Has a connection of every kind, so that any playbook of a document finds what it needs. */
const ANY_CONFIG = read("test/docs/fixtures/stanch.yaml");

const examples = list("*.md", "{docs,deploy,playbooks}/**/*.md").flatMap((document) =>
  [...read(document).matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, text = ""], index) => ({
    name: `${document}, example ${index + 1}`,
    text,
    value: parse(text) as unknown,
  })),
);
const has = (value: unknown, key: string) => typeof value === "object" && value !== null && key in value;
const isConfig = (value: unknown) => has(value, "version") && has(value, "sources");
const isPlaybook = (value: unknown) => has(value, "name") && has(value, "steps");

describe("YAML examples in the documents", () => {
  it("include a configuration and a playbook", () => {
    assert.ok(examples.some(({ value }) => isConfig(value)));
    assert.ok(examples.some(({ value }) => isPlaybook(value)));
  });

  for (const { name, text, value } of examples) {
    if (isConfig(value)) {
      it(`${name}: a configuration that stanch takes`, async () => {
        assert.deepEqual(await lint({ config: text, playbooks: "test/docs/fixtures/playbooks" }), []);
      });
    } else if (isPlaybook(value)) {
      it(`${name}: a playbook that stanch takes`, async () => {
        assert.deepEqual(await lint({ config: ANY_CONFIG, playbook: text }), []);
      });
    }
  }
});

describe("shipped configurations", () => {
  const shipped = [
    { file: "demo/stanch.yaml", playbooks: "demo/playbooks" },
    { file: "test/e2e/fixtures/stanch.yaml", playbooks: "demo/playbooks" },
    { file: "deploy/compose/stanch.yaml", playbooks: "demo/playbooks" },
    { file: "test/docs/fixtures/stanch.yaml", playbooks: "playbooks" },
  ];
  for (const { file, playbooks } of shipped) {
    it(`${file} goes with ${playbooks}`, async () => {
      assert.deepEqual(await lint({ config: read(file), playbooks }), []);
    });
  }

  it("deploy/kubernetes/stanch.yaml is taken; what the whole pack needs beyond it is named", async () => {
    const [, ...lines] = await lint({ config: read("deploy/kubernetes/stanch.yaml"), playbooks: "playbooks" });
    const lacking = lines.slice(0, -1);
    for (const line of lacking) assert.match(line, /^playbooks\/\S+:\d+:\d+ \S+: no \w+ connection/);
    assert.ok(lacking.some((line) => line.includes("no ecs connection; add one under connections.ecs")));
  });
});
