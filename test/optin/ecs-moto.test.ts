import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import { ecsDescribeService } from "../../src/actions/ecs/describe-service.ts";
import { ecsRedeploy } from "../../src/actions/ecs/redeploy.ts";
import { ecsScale } from "../../src/actions/ecs/scale.ts";
import { ecsSetEnv } from "../../src/actions/ecs/set-env.ts";
import { connectionsOf, contextOf, failureOf, outputOf, perform, useEcs } from "../actions/support.ts";

/** Needs `pip install "moto[server,ecs]"`: an independent imitation of ECS, to hold our own stub against. */
const SERVICE = { cluster: "prod", service: "litellm" };

let moto: ChildProcess;
let connections: ReturnType<typeof connectionsOf>;

before(async () => {
  const port = await freePort();
  moto = spawn("moto_server", ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  moto.on("error", () => {});
  await answers(`http://127.0.0.1:${port}/moto-api/`);
  useEcs(`http://127.0.0.1:${port}`);
  connections = connectionsOf({ ecs: { poc: { region: "us-west-1" } } });
  await populate();
});
after(async () => {
  await connections?.close();
  moto.kill("SIGTERM");
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function answers(url: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (moto.exitCode !== null || moto.pid === undefined) break;
    const up = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (up) return;
    await sleep(100);
  }
  throw new Error('moto_server does not run; install it with pip install "moto[server,ecs]"');
}

async function populate(): Promise<void> {
  const client = new ECSClient({ region: "us-west-1" });
  await client.send(new CreateClusterCommand({ clusterName: "prod" }));
  const containerDefinitions = [{ name: "litellm", image: "registry.example.com/litellm:1", memory: 512 }];
  await client.send(new RegisterTaskDefinitionCommand({ family: "litellm", containerDefinitions }));
  const service = { cluster: "prod", serviceName: "litellm", taskDefinition: "litellm", desiredCount: 2 };
  await client.send(new CreateServiceCommand(service));
  client.destroy();
}

test("a service is described", async () => {
  const output = outputOf(await ecsDescribeService.run(SERVICE, contextOf(connections)));
  assert.equal(output.status, "ACTIVE");
  assert.equal(output.desired, 2);
});

test("an unknown service and an unknown cluster are not found", async () => {
  for (const wrong of [{ service: "nobody" }, { cluster: "nowhere" }])
    assert.equal(
      failureOf(await ecsDescribeService.run({ ...SERVICE, ...wrong }, contextOf(connections))).reason,
      "not_found",
    );
});

test("the desired count is set", async () => {
  const started = await perform(ecsScale, { ...SERVICE, desired: "+1", max: 4 }, contextOf(connections));
  assert.ok(started.ok, JSON.stringify(started));
  assert.equal(outputOf(await ecsDescribeService.run(SERVICE, contextOf(connections))).desired, 3);
});

test("a redeployment is our own deployment, and is found again by polling", async () => {
  const context = contextOf(connections);
  const former = outputOf(await ecsDescribeService.run(SERVICE, context)).deployments as { id: string }[];
  const started = await perform(ecsRedeploy, SERVICE, context);
  assert.ok(started.ok && !started.done, JSON.stringify(started));
  assert.notEqual(started.handle["deploymentId"], former[0]?.id);
  assert.equal(started.handle["formerDeploymentId"], former[0]?.id);
  const polled = await ecsRedeploy.poll?.(started.handle, context);
  assert.ok(polled?.ok, "moto brings no deployment to its end, but it must not look failed");
});

test("a revision is registered as it was but for the variable, and taking that back goes to the former one", async () => {
  const context = contextOf(connections);
  const running = async () => outputOf(await ecsDescribeService.run(SERVICE, context)).taskDefinition;
  const former = await running();
  const input = { ...SERVICE, env: "SHED_RATE", value: "0.1" };
  const prepared = await ecsSetEnv.prepare?.(input, context);
  assert.ok(prepared?.ok, JSON.stringify(prepared));
  const noDeployment = failureOf(await ecsSetEnv.run(input, context, prepared.before));
  assert.equal(noDeployment.sent, "unknown", "moto makes no deployment for another task definition, as ECS does");
  assert.notEqual(await running(), former);
  const intent = { at: Date.now(), attempt: 1, before: prepared.before };
  assert.equal((await ecsSetEnv.reconcile?.(input, context, intent))?.verdict, "done");
  await perform(ecsSetEnv, { ...input, value: null, expected: "0.1" }, context);
  assert.equal(await running(), former);
});
