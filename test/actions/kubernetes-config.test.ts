import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import { k8sPatchConfigmap } from "../../src/actions/kubernetes/patch-configmap.ts";
import { k8sPodLogs } from "../../src/actions/kubernetes/pod-logs.ts";
import { k8sPodStatus } from "../../src/actions/kubernetes/pod-status.ts";
import { k8sSetEnv } from "../../src/actions/kubernetes/set-env.ts";
import { editYaml } from "../../src/actions/kubernetes/yaml-edit.ts";
import { type KubernetesStub, startKubernetesStub } from "../stubs/kubernetes.ts";
import { newConfigMap, newPod } from "../stubs/kubernetes-world.ts";
import { ROUTER_YAML } from "./places.ts";
import { complete, connectionsOf, contextOf, failureOf, outputOf, perform, useKubeconfig } from "./support.ts";

const KEY = "litellm_router.yaml";
const WEIGHTS = ["routing", "weights", "gpt-4-turbo"];

let kubernetes: KubernetesStub;
let connections: ReturnType<typeof connectionsOf>;

before(async () => {
  kubernetes = await startKubernetesStub();
  useKubeconfig(kubernetes.writeKubeconfig);
  connections = connectionsOf({ kubernetes: { primarch: { context: "prod", namespace: "primarch" } } });
});
beforeEach(() => {
  kubernetes.heal();
  kubernetes.renew();
  kubernetes.configMaps.set(
    "litellm-config",
    newConfigMap("litellm-config", { [KEY]: ROUTER_YAML, other: "untouched" }),
  );
  kubernetes.effects.length = 0;
});
after(async () => {
  await connections.close();
  await kubernetes.close();
});

const context = () => contextOf(connections);
const patched = (changes: object[]) =>
  complete(k8sPatchConfigmap, { name: "litellm-config", key: KEY, changes }, context());
const text = () => kubernetes.configMaps.get("litellm-config")?.data[KEY] ?? "";
const env = (over: object) =>
  complete(k8sSetEnv, { name: "litellm-router", env: "MAX_BATCH_SIZE", value: "16", ...over }, context());

test("one value inside the text changes; the rest, its comments and the other keys stay", async () => {
  outputOf(await patched([{ path: [...WEIGHTS, "openai-gpt4-turbo"], value: 0 }]));
  assert.deepEqual(parse(text()), {
    routing: { strategy: "simple", weights: { "gpt-4-turbo": { "openai-gpt4-turbo": 0, "azure-gpt4-turbo": 0 } } },
  });
  assert.match(text(), /^# routes of the gateway/);
  assert.equal(kubernetes.configMaps.get("litellm-config")?.data["other"], "untouched");
});

test("a misspelt name, a wrong direction, a list and a text with aliases are refused", async () => {
  const refusals: [object, RegExp][] = [
    [{ path: ["routing", "wieghts"], value: 1 }, /there is no routing.wieghts; check the names/],
    [{ path: ["routing", "strategy", "deep"], value: 1, create: true }, /there is no routing.strategy.deep/],
    [{ path: [...WEIGHTS, "azure-gpt4-turbo"], value: 5, only: "lower" }, /is 0, so 5 would not be lower/],
    [{ path: ["routing", "strategy"], value: 5, only: "lower" }, /cannot be compared/],
  ];
  for (const [change, message] of refusals) assert.match(failureOf(await patched([change])).message, message);
  assert.equal(editYaml("a: .nan", [{ path: ["a"], value: 1 }]).ok, false);
  assert.equal(editYaml("a: null", [{ path: ["a"], value: 1 }]).ok, false);
  assert.equal(
    outputOf(await patched([{ path: [...WEIGHTS, "openai-gpt4-turbo"], value: 100, only: "lower" }])).changed,
    false,
  );
  kubernetes.configMaps.set("litellm-config", newConfigMap("litellm-config", { [KEY]: "a: &x 1\nb: *x\n" }));
  assert.match(failureOf(await patched([{ path: ["a"], value: 2 }])).message, /aliases/);
  assert.equal(
    failureOf(
      await complete(
        k8sPatchConfigmap,
        { name: "litellm-config", key: "none", changes: [{ path: ["a"], value: 1 }] },
        context(),
      ),
    ).reason,
    "not_found",
  );
  assert.equal(kubernetes.effects.length, 0);
});

test("a revert restores each value that is still ours, and nothing if one is not", async () => {
  const changes = [
    { path: [...WEIGHTS, "openai-gpt4-turbo"], value: 0 },
    { path: [...WEIGHTS, "new-route"], value: 100, create: true },
  ];
  const input = { name: "litellm-config", key: KEY, changes };
  const undo = k8sPatchConfigmap.revert?.(input, outputOf(await patched(changes)));
  outputOf(await complete(k8sPatchConfigmap, undo?.with ?? {}, context()));
  assert.deepEqual(parse(text()), parse(ROUTER_YAML));
  outputOf(await patched(changes));
  const foreign = text().replace("new-route: 100", "new-route: 40");
  kubernetes.configMaps.set("litellm-config", newConfigMap("litellm-config", { [KEY]: foreign }));
  const refused = failureOf(await complete(k8sPatchConfigmap, undo?.with ?? {}, context()));
  assert.equal(refused.reason, "conflict");
  assert.equal(text(), foreign);
});

test("what is not meant stays as it is written, however its readers take it", () => {
  const rest = "id: 1234567890123456789\nzip: 012345\nhex: 0xFF\nexp: 1e3\nratio: .50\nmode: off\nat: 12:30:45\n";
  const edited = editYaml(`size: 8\n${rest}`, [{ path: ["size"], value: 16 }]);
  assert.deepEqual(edited, { ok: true, text: `size: 16\n${rest}`, former: [8] });
});

test("a text that some readers take for something else is written in quotes, and so restored", () => {
  const changed = editYaml('mode: "off"\n', [{ path: ["mode"], value: "12:30" }]);
  assert.deepEqual(changed, { ok: true, text: 'mode: "12:30"\n', former: ["off"] });
  const restored = editYaml('mode: "12:30"\n', [{ path: ["mode"], value: "off", expected: "12:30" }]);
  assert.ok(restored.ok && restored.text === 'mode: "off"\n');
});

test("a value that could not be restored as it is written is left alone", () => {
  for (const written of ["off", "1234567890123456789", "012345", "2026-01-01", "0xFF", "!secret key", "{ 1: a }"]) {
    const refused = editYaml(`value: ${written}\n`, [{ path: ["value"], value: "x" }]);
    assert.ok(!refused.ok && /could not be restored/.test(refused.fault), `${written}: ${JSON.stringify(refused)}`);
  }
});

test("a change between reading and writing is a conflict", async () => {
  kubernetes.fail({ kind: "status", status: 409 }, { on: /^PATCH/, times: 1 });
  const lost = failureOf(await patched([{ path: ["routing", "strategy"], value: "weighted" }]));
  assert.deepEqual([lost.reason, lost.sent], ["conflict", "refused"]);
});

test("editing never throws, and undoing an edit gives the same data", () => {
  const path = fc.array(fc.oneof(fc.constantFrom("a", "b", "routing"), fc.integer({ min: 0, max: 2 })), {
    minLength: 1,
    maxLength: 3,
  });
  const value = fc.jsonValue({ maxDepth: 1 }) as fc.Arbitrary<string | number | boolean | null>;
  const document = fc.oneof(
    fc.string(),
    fc
      .dictionary(fc.constantFrom("a", "b", "routing"), fc.jsonValue({ maxDepth: 2 }))
      .map((data) => JSON.stringify(data)),
  );
  fc.assert(
    fc.property(document, path, value, fc.boolean(), (source, at, wanted, create) => {
      const edited = editYaml(source, [{ path: at, value: wanted, create }]);
      if (!edited.ok) return;
      const undone = editYaml(edited.text, [{ path: at, value: edited.former[0] ?? null, create: true }]);
      assert.ok(undone.ok, JSON.stringify(undone));
      assert.deepEqual(parse(undone.text) ?? {}, parse(source) ?? {});
    }),
    { numRuns: 1_000 },
  );
});

test("an environment variable is set, replaces the pods, and is removed again", async () => {
  const output = outputOf(await env({}));
  assert.deepEqual([output.former, output.value, output.changed], [null, "16", true]);
  assert.deepEqual(kubernetes.deployment("litellm-router").spec.template.spec.containers[0]?.["env"], [
    { name: "MAX_BATCH_SIZE", value: "16" },
  ]);
  const undo = k8sSetEnv.revert?.({ name: "litellm-router", env: "MAX_BATCH_SIZE", value: "16" }, output);
  outputOf(await complete(k8sSetEnv, undo?.with ?? {}, context()));
  assert.equal(kubernetes.deployment("litellm-router").spec.template.spec.containers[0]?.["env"], undefined);
  assert.equal(kubernetes.effects.length, 2);
});

test("secrets, values from elsewhere and an unnamed one of several containers are left alone", async () => {
  for (const name of ["OPENAI_API_KEY", "DB_PASSWORD", "SLACK_TOKEN"])
    assert.equal(k8sSetEnv.input.safeParse({ name: "x", env: name, value: "1" }).success, false, name);
  const { containers } = kubernetes.deployment("litellm-router").spec.template.spec;
  containers[0] = { ...containers[0], env: [{ name: "MAX_BATCH_SIZE", valueFrom: { configMapKeyRef: {} } }] };
  assert.match(failureOf(await env({})).message, /comes from elsewhere/);
  containers.push({ name: "sidecar", image: "registry.example.com/sidecar:1" });
  assert.match(failureOf(await env({})).message, /name one of its containers: litellm-router, sidecar/);
  assert.equal(kubernetes.effects.length, 0);
  outputOf(await env({ container: "sidecar" }));
  assert.equal(kubernetes.effects.length, 1);
});

test("a new variable goes last, where it can refer to the others; one that is listed twice is left alone", async () => {
  const variables = () => kubernetes.deployment("litellm-router").spec.template.spec.containers[0]?.["env"];
  const listed = (...names: string[]) => names.map((name) => ({ name, value: "16" }));
  const [container] = kubernetes.deployment("litellm-router").spec.template.spec.containers;
  assert.ok(container);
  container["env"] = listed("MODE", "HOST");
  outputOf(await env({}));
  assert.deepEqual(variables(), listed("MODE", "HOST", "MAX_BATCH_SIZE"));
  const twice = kubernetes.deployment("litellm-router").spec.template.spec.containers[0] ?? {};
  Object.assign(twice, { env: listed("MODE", "HOST", "MODE") });
  assert.match(failureOf(await env({ env: "MODE", value: "1" })).message, /it is listed twice; leave one/);
  assert.deepEqual(variables(), listed("MODE", "HOST", "MODE"));
});

test("pods are counted by what is wrong with them, the worst first", async () => {
  kubernetes.pods.splice(0, 9, newPod("a", "router", false), newPod("b", "router", true), newPod("c", "other", true));
  const output = outputOf(await k8sPodStatus.run({ selector: "app=router" }, context()));
  assert.deepEqual(
    [output.total, output.ready, output.restarts, output.outOfMemory, output.crashLooping],
    [2, 1, 7, 1, 1],
  );
  assert.match(JSON.stringify(output.pods), /^\[\{"name":"b"/);
  for (const selector of ["", "app", "app in (a,b)", "app=a,", "!app"])
    assert.equal(k8sPodStatus.input.safeParse({ selector }).success, false, selector);
});

test("a part of the pods is not judged as all of them", async () => {
  const body = { kind: "PodList", metadata: { continue: "next" }, items: [newPod("a", "router", true)] };
  kubernetes.fail({ kind: "status", status: 200, body }, { times: 1 });
  const cut = failureOf(await k8sPodStatus.run({ selector: "app=router" }, context()));
  assert.match(cut.message, /there are more than 500; narrow the selector/);
});

test("log lines are filtered, come without secrets and control characters, and none from a pod that went meanwhile", async () => {
  kubernetes.pods.splice(0, 9, newPod("a", "router", false), newPod("b", "router", true));
  kubernetes.logs.set("a/router", "INFO fine\nERROR \u001b[31mkey sk-abcdefghijklmnopqrstuvwx refused\u001b[0m\n");
  kubernetes.logs.set("b/router", "Error: CUDA out of memory\n");
  kubernetes.logs.set("b/router/previous", "Killed\n");
  const output = outputOf(await k8sPodLogs.run({ selector: "app=router", contains: ["error"] }, context()));
  assert.deepEqual(output.lines, [
    { pod: "a", container: "router", text: "ERROR key [redacted] refused" },
    { pod: "b", container: "router", text: "Error: CUDA out of memory" },
  ]);
  kubernetes.fail({ kind: "status", status: 404 }, { on: /pods\/a\/log/, times: 1 });
  const gone = outputOf(await k8sPodLogs.run({ selector: "app=router" }, context()));
  assert.deepEqual(gone.lines, [{ pod: "b", container: "router", text: "Error: CUDA out of memory" }]);
  const former = outputOf(
    await k8sPodLogs.run({ selector: "app=router", previous: true, matches: "^Kill" }, context()),
  );
  assert.deepEqual([former.matched, former.pods], [1, 2]);
});

test("the same change twice is one effect", async () => {
  const ctx = context();
  const input = { name: "litellm-config", key: KEY, changes: [{ path: ["routing", "strategy"], value: "weighted" }] };
  outputOf(await perform(k8sPatchConfigmap, input, ctx));
  assert.equal(outputOf(await perform(k8sPatchConfigmap, input, ctx)).changed, false);
  assert.equal(kubernetes.effects.length, 1);
});

async function verdictOf(action: typeof k8sSetEnv, input: object, before: object) {
  const intent = { at: Date.now(), attempt: 1, before: { ...before } };
  const read = await action.reconcile?.({ ...input }, context(), intent);
  return read?.verdict === "done" ? (read.result.ok ? "done" : read.result.reason) : read?.verdict;
}

test("what was changed before a crash and put back by somebody since is not changed again", async () => {
  const path = [...WEIGHTS, "openai-gpt4-turbo"];
  const weight = { name: "litellm-config", key: KEY, changes: [{ path, value: 0 }] };
  const former = parse(text()).routing.weights["gpt-4-turbo"]["openai-gpt4-turbo"];
  const ofWeight = () => verdictOf(k8sPatchConfigmap, weight, { former: [former] });
  assert.equal(await ofWeight(), "not-done");
  outputOf(await perform(k8sPatchConfigmap, weight, context()));
  assert.equal(await ofWeight(), "done");
  const map = kubernetes.configMaps.get("litellm-config");
  assert.ok(map);
  map.data[KEY] = ROUTER_YAML;
  assert.equal(await ofWeight(), "superseded");

  const size = { name: "litellm-router", env: "MAX_BATCH_SIZE", value: "16" };
  const ofSize = () => verdictOf(k8sSetEnv, size, { value: null });
  assert.equal(await ofSize(), "not-done");
  await complete(k8sSetEnv, size, context());
  assert.equal(await ofSize(), "done");
  await complete(k8sSetEnv, { ...size, value: null }, { ...context(), stepKey: "" });
  const { metadata } = kubernetes.deployments.get("litellm-router") ?? assert.fail();
  metadata.annotations["stanch.dev/step"] = context().stepKey;
  assert.equal(await ofSize(), "superseded");
});

test("a Deployment that was deleted and made anew since keeps its variables, also where one has the value that was set", async () => {
  const size = { name: "litellm-router", env: "MAX_BATCH_SIZE", value: "16" };
  const prepared = await k8sSetEnv.prepare?.(size, context());
  assert.ok(prepared?.ok);
  const undo = k8sSetEnv.revert?.(size, outputOf(await complete(k8sSetEnv, size, context())));
  assert.ok(undo);
  const { metadata } = kubernetes.deployments.get("litellm-router") ?? assert.fail();
  metadata.uid = "uid-anew";
  const refused = failureOf(await perform(k8sSetEnv, undo.with, context()));
  assert.deepEqual([refused.reason, refused.sent], ["conflict", "refused"]);
  assert.match(refused.message, /removing MAX_BATCH_SIZE of deployment litellm-router: it was deleted and made anew/);
  assert.equal(await verdictOf(k8sSetEnv, size, prepared.before), "unknown");
  assert.equal(kubernetes.effects.length, 1);
});
