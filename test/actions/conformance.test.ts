import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { actions } from "../../src/actions/index.ts";
import { CASES } from "./cases.ts";
import { conform } from "./conformance.ts";
import { startWorld, type World } from "./world.ts";

let world: World;

before(async () => {
  world = await startWorld();
});
after(() => world.close());

for (const [title, make] of Object.entries(CASES)) conform(title, () => make(world));

test("every action has a case", () => {
  const tried = new Set(Object.keys(CASES).map((title) => title.split(",")[0]));
  assert.deepEqual(
    [...actions.keys()].filter((name) => !tried.has(name)),
    [],
  );
});

test("every action in the folder is registered", async () => {
  const folder = new URL("../../src/actions/", import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const registered = new Set<unknown>(actions.values());
  for (const file of files) {
    const exports: Readonly<Record<string, unknown>> = await import(new URL(file, folder).href);
    for (const [name, value] of Object.entries(exports)) {
      const isAction = typeof value === "object" && value !== null && "effect" in value && "run" in value;
      if (isAction) assert.ok(registered.has(value), `${file} exports ${name}, which index.ts does not list`);
    }
  }
});
