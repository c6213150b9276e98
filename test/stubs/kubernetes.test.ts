import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Agent } from "undici";
import { KUBE_TOKEN, type KubernetesStub, startKubernetesStub } from "./kubernetes.ts";
import { answersOf, MAP } from "./kubernetes-calls.ts";
import { newConfigMap, newPod } from "./kubernetes-world.ts";

const recorded = JSON.parse(
  readFileSync(new URL("../fixtures/kubernetes/answers.json", import.meta.url), "utf8"),
) as Record<string, unknown>;

let stub: KubernetesStub;
let answers: Record<string, unknown>;

before(async () => {
  stub = await startKubernetesStub();
  stub.next.outcome = "stuck";
  stub.configMaps.set(MAP, newConfigMap(MAP, { "x.yaml": "a: 1\n" }));
  stub.pods.push(newPod("a", "router", false));
  const dispatcher = new Agent();
  answers = await answersOf({ url: stub.url, token: KUBE_TOKEN, dispatcher });
  await dispatcher.close();
});
after(() => stub.close());

for (const [call, answer] of Object.entries(recorded))
  test(`the stub answers as a real API server did: ${call}`, () => assert.deepEqual(answers[call], answer));

test("every call was recorded", () => assert.deepEqual(Object.keys(answers), Object.keys(recorded)));
