import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Agent } from "undici";
import { answersOf, MAP } from "../../stubs/kubernetes-calls.ts";
import { ADMIN_TOKEN } from "./cluster.ts";
import { ROUTER, renewConfigMap, renewDeployment } from "./objects.ts";
import type { Worldly } from "./world.ts";

const RECORD = new URL("../../fixtures/kubernetes/answers.json", import.meta.url);

/** The answers that the stub of the other tests is held to are those of the API server. `RECORD_ANSWERS=1` writes them anew. */
export function stubTests(world: Worldly): void {
  test("the API server answers as recorded", async () => {
    const { admin, cert, server } = world();
    await renewDeployment(admin, ROUTER, {}, []);
    await renewConfigMap(admin, MAP, { "x.yaml": "a: 1\n" });
    const dispatcher = new Agent({ connect: { ca: cert } });
    const answers = await answersOf({ url: server, token: ADMIN_TOKEN, dispatcher });
    await dispatcher.close();
    if (process.env["RECORD_ANSWERS"] === "1") writeFileSync(RECORD, `${JSON.stringify(answers, null, 2)}\n`);
    assert.deepEqual(answers, JSON.parse(readFileSync(RECORD, "utf8")));
  });
}
