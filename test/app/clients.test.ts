import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { startService } from "./service.ts";

const { cache } = createRequire(import.meta.url);
const isLoaded = (name: string): boolean => Object.keys(cache).some((file) => file.includes(`/node_modules/${name}/`));
const CLIENTS = ["@kubernetes/client-node", "@aws-sdk/client-ecs"];

test("a worker has loaded the clients of its systems before it takes work, and none that it has no connection for", async (context) => {
  await startService(context);
  assert.deepEqual(CLIENTS.filter(isLoaded), []);
  await startService(context, {
    yaml: "connections: { kubernetes: { prod: { context: prod, namespace: llm } }, ecs: { poc: { region: us-west-1 } } }",
  });
  assert.deepEqual(CLIENTS.filter(isLoaded), CLIENTS);
});
