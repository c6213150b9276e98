import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { k8sPodLogs as logs } from "../../../src/actions/kubernetes/pod-logs.ts";
import { k8sPodStatus as status } from "../../../src/actions/kubernetes/pod-status.ts";
import { outputOf } from "../../actions/support.ts";
import type { Json } from "./cluster.ts";
import { NAMESPACE } from "./objects.ts";
import { newContext, type World, type Worldly } from "./world.ts";

const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
const NODE = "node-of-the-test";
const READY = [{ type: "Ready", status: "True" }];
const RUNNING = { phase: "Running", conditions: READY };

/** What the kubelet has, by its path and, for former containers, `?previous`. */
const TEXTS: Readonly<Record<string, string>> = {
  "/a/router": "2026-09-01 INFO started\n2026-09-01 ERROR upstream timed out\n",
  "/b/router": "Error: CUDA out of memory\n",
  "/e/router": "INFO soon gone\n",
  "/b/router?previous": "Killed\n",
};

const asked: URL[] = [];

/** Makes pods, and a kubelet that knows only their logs; close it in `after`. */
export async function startPods(world: World): Promise<Server> {
  const kubelet = await startKubelet(world);
  await register(world, (kubelet.address() as AddressInfo).port);
  await makePods(world);
  return kubelet;
}

/** `k8s.pod-status` and `k8s.pod-logs`, with the rights that deploy/README.md grants them. */
export function podTests(world: Worldly): void {
  const selector = "app=router";

  test("pods are counted by what is wrong with them, the worst first; one that is ending is not ready", async () => {
    const output = outputOf(await status.run({ connection: "k8s.pod-status", selector }, newContext(world())));
    const { pods, ...counts } = output as { pods: Json[] };
    assert.deepEqual(counts, { total: 4, ready: 1, restarts: 7, outOfMemory: 1, crashLooping: 1 });
    assert.deepEqual(pods[0], {
      name: "b",
      phase: "Running",
      ready: false,
      restarts: 7,
      reason: "CrashLoopBackOff",
      lastReason: "OOMKilled",
      lastExitCode: 137,
    });
    assert.deepEqual(pods.map(({ name }) => name).slice(1), ["c", "d", "a"]);
    assert.equal(pods.find(({ name }) => name === "d")?.["phase"], "Pending");
  });

  test("a selector that finds nothing counts nothing", async () => {
    const input = { connection: "k8s.pod-status", selector: "app=nobody" };
    assert.equal(outputOf(await status.run(input, newContext(world())))["total"], 0);
  });

  test("log lines are asked for with limits and filtered; a pod that was never scheduled has none", async () => {
    const input = { connection: "k8s.pod-logs", selector, contains: ["error"], sinceSeconds: 60, tail: 7 };
    const output = outputOf(await logs.run(input, newContext(world())));
    assert.deepEqual(output["lines"], [
      { pod: "a", container: "router", text: "2026-09-01 ERROR upstream timed out" },
      { pod: "b", container: "router", text: "Error: CUDA out of memory" },
    ]);
    assert.equal(output["pods"], 4);
    const query = Object.fromEntries(asked[0]?.searchParams ?? []);
    assert.deepEqual(query, { sinceSeconds: "60", tailLines: "7", limitBytes: "262144" });
  });

  test("a pod that goes while the logs are read has none", async () => {
    const { admin } = world();
    await makePod(world(), "e", { ...RUNNING, containerStatuses: [] }, "short-lived");
    await makePod(world(), "f", { ...RUNNING, containerStatuses: [] }, "short-lived");
    meanwhile = () => admin("DELETE", `${PODS}/f?gracePeriodSeconds=0`);
    const input = { connection: "k8s.pod-logs", selector: "app=short-lived" };
    const result = await logs.run(input, newContext(world()));
    meanwhile = undefined;
    assert.deepEqual(outputOf(result)["lines"], [{ pod: "e", container: "router", text: "INFO soon gone" }]);
  });

  test("of containers that never restarted there is no former log, which is no failure", async () => {
    const input = { connection: "k8s.pod-logs", selector, previous: true };
    const output = outputOf(await logs.run(input, newContext(world())));
    assert.deepEqual(output["lines"], [{ pod: "b", container: "router", text: "Killed" }]);
  });
}

/** What somebody else does while a log is read. */
let meanwhile: (() => Promise<unknown>) | undefined;

/** Answers logs as a kubelet does, 400 where there are none. */
async function startKubelet({ cert, key }: World): Promise<Server> {
  const server = createServer({ cert, key }, async (request, response) => {
    await meanwhile?.();
    const url = new URL(request.url ?? "", "https://kubelet");
    asked.push(url);
    const former = url.searchParams.get("previous") === "true" ? "?previous" : "";
    const text = TEXTS[`${url.pathname.replace(`/containerLogs/${NAMESPACE}`, "")}${former}`];
    if (text === undefined) response.statusCode = 400;
    response.end(text ?? "previous terminated container not found");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

async function register({ admin }: World, port: number): Promise<void> {
  await admin("POST", "/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name: NODE } });
  const addresses = [{ type: "InternalIP", address: "127.0.0.1" }];
  const daemonEndpoints = { kubeletEndpoint: { Port: port } };
  await admin("PATCH", `/api/v1/nodes/${NODE}/status`, { status: { addresses, daemonEndpoints } });
}

/** `a` is well, `b` loops after an out-of-memory kill, `c` is ending, `d` was never scheduled. */
async function makePods(world: World): Promise<void> {
  const { admin } = world;
  const account = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`;
  await admin("POST", account, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } });
  const well = { name: "router", ready: true, restartCount: 0, image: "x", imageID: "x", state: { running: {} } };
  const killed = {
    ...well,
    ready: false,
    restartCount: 7,
    state: { waiting: { reason: "CrashLoopBackOff" } },
    lastState: { terminated: { reason: "OOMKilled", exitCode: 137 } },
  };
  await makePod(world, "a", { ...RUNNING, containerStatuses: [well] });
  await makePod(world, "b", { phase: "Running", containerStatuses: [killed] });
  await makePod(world, "c", { ...RUNNING, containerStatuses: [well] });
  await admin("DELETE", `${PODS}/c`);
  await makePod(world, "d", undefined);
}

/** Without a status it is not scheduled. */
async function makePod({ admin }: World, name: string, state: Json | undefined, app = "router"): Promise<void> {
  const containers = [{ name: "router", image: "registry.example.com/router:1" }];
  const spec = { containers, ...(state && { nodeName: NODE }) };
  await admin("POST", PODS, { apiVersion: "v1", kind: "Pod", metadata: { name, labels: { app } }, spec });
  if (state) await admin("PATCH", `${PODS}/${name}/status`, { status: state });
}
