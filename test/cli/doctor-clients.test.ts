import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startRedis } from "../support/redis.ts";
import { cli } from "./support.ts";

test("what doctor has to load itself is not put down to the systems that it asks", async (context) => {
  const redis = await startRedis();
  const dir = mkdtempSync(join(tmpdir(), "stanch-doctor-"));
  context.after(async () => {
    await redis.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const file = join(dir, "stanch.yaml");
  writeFileSync(
    file,
    `version: 1
connections:
  redis: { router: { url: "${redis.url}" } }
  kubernetes: { prod: { context: prod } }
  ecs: { poc: { region: us-west-1 } }
`,
  );
  const env = {
    STANCH_CONFIG: file,
    STANCH_PLAYBOOKS: dir,
    REDIS_URL: redis.url,
    KUBECONFIG: join(dir, "none"),
    AWS_ENDPOINT_URL_ECS: "http://127.0.0.1:9",
  };
  const { out } = await cli(["doctor", "--insecure-dev"], { env });
  assert.match(out, /^ok {4}redis: REDIS_URL$/m);
  assert.match(out, /^ok {4}connection: redis router$/m);
});
