import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { ecsDescribeService } from "../../src/actions/ecs/describe-service.ts";
import { ecsRedeploy } from "../../src/actions/ecs/redeploy.ts";
import type { ActionResult, Intent, Output } from "../../src/core/action.ts";
import { type EcsStub, startEcsStub } from "../stubs/ecs.ts";
import { complete, connectionsOf, contextOf, failureOf, outputOf, perform, useEcs } from "./support.ts";

const SERVICE = { cluster: "prod", service: "litellm" };

let ecs: EcsStub;
let connections: ReturnType<typeof connectionsOf>;

before(async () => {
  ecs = await startEcsStub();
  useEcs(ecs.url);
});
beforeEach(async () => {
  await connections?.close();
  connections = connectionsOf({
    ecs: { poc: { region: "us-west-1" }, twin: { region: "us-west-1" }, far: { region: "eu-central-1" } },
  });
  ecs.heal();
  ecs.service("prod", "litellm").next = { outcome: "completed", after: 0 };
  ecs.service("prod", "litellm");
  ecs.effects.length = 0;
});
after(async () => {
  await connections.close();
  await ecs.close();
});

const context = () => contextOf(connections);
const input = { connection: "poc", ...SERVICE };

async function begin(): Promise<Output> {
  const result = await perform(ecsRedeploy, input, context());
  assert.ok(result.ok && !result.done, JSON.stringify(result));
  return result.handle;
}

async function poll(handle: Output): Promise<ActionResult> {
  const result = await ecsRedeploy.poll?.(handle, context());
  assert.ok(result);
  return result;
}

test("success is our own deployment, PRIMARY and COMPLETED", async () => {
  const former = ecs.service("prod", "litellm").deployments[0];
  const output = outputOf(await complete(ecsRedeploy, input, context()));
  assert.equal(output.deploymentId, ecs.effects[0]?.deploymentId);
  assert.equal(output.formerDeploymentId, former?.id);
  assert.deepEqual(
    ecs.effects.map(({ input: sent }) => sent),
    [{ ...SERVICE, forceNewDeployment: true }],
  );
});

test("a deployment under way is polled on", async () => {
  ecs.service("prod", "litellm").next = { outcome: "stuck", after: 0 };
  const polled = await poll(await begin());
  assert.ok(polled.ok && !polled.done);
});

test("a circuit breaker's rollback is a failure although the service is stable again", async () => {
  ecs.service("prod", "litellm").next = { outcome: "rolled-back", after: 0 };
  const handle = await begin();
  const rolledBack = failureOf(await poll(handle));
  assert.equal(rolledBack.reason, "target_failed");
  assert.equal(rolledBack.retryable, false);
  const gone = failureOf(await poll(handle));
  assert.equal(gone.reason, "target_failed", "ECS forgets the failed deployment");
  assert.match(gone.message, /is gone/);
});

test("somebody else's newer deployment supersedes ours", async () => {
  ecs.service("prod", "litellm").next = { outcome: "stuck", after: 0 };
  const handle = await begin();
  ecs.deploy("prod", "litellm");
  assert.equal(failureOf(await poll(handle)).reason, "superseded");
});

test("a poll that cannot read is worth repeating, and the deployment is found again", async () => {
  const handle = await begin();
  ecs.fail({ kind: "status", status: 500 }, { times: 1 });
  assert.equal(failureOf(await poll(handle)).retryable, true);
  outputOf(await poll(handle));
});

async function afterCrash(happened: () => void, at = Date.now()): Promise<string | undefined> {
  const prepared = await ecsRedeploy.prepare?.(input, context());
  assert.ok(prepared?.ok);
  happened();
  const intent: Intent = { at, attempt: 1, before: prepared.before };
  return (await ecsRedeploy.reconcile?.(input, context(), intent))?.verdict;
}

test("after a crash a deployment counts as ours only if it is new, of the same task definition and younger than the intent; no new one is none", async () => {
  ecs.service("prod", "litellm").next = { outcome: "stuck", after: 0 };
  assert.equal(await afterCrash(() => {}), "not-done");
  assert.equal(await afterCrash(() => ecs.deploy("prod", "litellm")), "done");
  assert.equal(await afterCrash(() => ecs.deploy("prod", "litellm"), Date.now() + 60_000), "unknown", "clocks differ");
  assert.equal(await afterCrash(() => ecs.deploy("prod", "litellm"), Date.now() + 2_000), "done", "but little");
  assert.equal(
    await afterCrash(() =>
      ecs.deploy("prod", "litellm", "arn:aws:ecs:us-west-1:123456789012:task-definition/litellm:8"),
    ),
    "unknown",
  );
  assert.equal((await ecsRedeploy.reconcile?.(input, context(), { at: 0, attempt: 1 }))?.verdict, "unknown");
});

test("a service that ECS reports under failures is not found", async () => {
  const missing = failureOf(await ecsDescribeService.run({ ...input, service: "nobody" }, context()));
  assert.equal(missing.reason, "not_found");
  assert.match(missing.message, /^reading prod\/nobody: ECS says MISSING/);
  assert.equal(failureOf(await ecsDescribeService.run({ ...input, cluster: "none" }, context())).reason, "not_found");
});

test("a service whose deployments belong to CodeDeploy is left alone", async () => {
  const service = ecs.service("prod", "litellm");
  service.controller = "CODE_DEPLOY";
  const refused = failureOf(await perform(ecsRedeploy, input, context()));
  service.controller = "ECS";
  assert.deepEqual([refused.reason, refused.sent], ["refused", "no"]);
  assert.equal(ecs.effects.length, 0);
});

test("refusals of AWS are told with their remedy", async () => {
  const deny = { __type: "AccessDeniedException", message: "User: arn:aws:sts::1:assumed-role/x is not authorized" };
  ecs.fail({ kind: "status", status: 400, body: deny }, { on: /UpdateService/, times: 1 });
  const denied = failureOf(await perform(ecsRedeploy, input, context()));
  assert.equal(denied.message, "redeploying prod/litellm: access denied; grant ecs:UpdateService on the service");
  assert.deepEqual([denied.reason, denied.sent, denied.retryable], ["denied", "refused", false]);
  ecs.fail(
    { kind: "status", status: 400, body: { __type: "ThrottlingException", message: "Rate exceeded" } },
    { on: /UpdateService/, times: 1 },
  );
  const throttled = failureOf(await perform(ecsRedeploy, input, context()));
  assert.deepEqual([throttled.reason, throttled.sent, throttled.retryable], ["throttled", "refused", true]);
});

test("no credentials is a configuration fault, and nothing is sent", async () => {
  const sent = ecs.requests.length;
  const { AWS_ACCESS_KEY_ID: key, ...rest } = process.env;
  process.env = { ...rest, AWS_EC2_METADATA_DISABLED: "true" };
  const fresh = connectionsOf({ ecs: { poc: { region: "us-west-1" } } });
  const result = failureOf(await ecsDescribeService.run(input, contextOf(fresh)));
  process.env["AWS_ACCESS_KEY_ID"] = key;
  await fresh.close();
  assert.equal(result.reason, "not_configured");
  assert.equal(ecs.requests.length, sent);
});

test("names and ARNs, and two connections to one region, give one lock; another region gives another", () => {
  const targets = (over: object) => ecsRedeploy.targets({ ...input, ...over }, connections);
  assert.deepEqual(targets({}), ["ecs:prod/litellm"]);
  assert.deepEqual(
    targets({
      connection: "twin",
      cluster: "arn:aws:ecs:us-west-1:123456789012:cluster/prod",
      service: "arn:aws:ecs:us-west-1:123456789012:service/prod/litellm",
    }),
    ["ecs:prod/litellm"],
  );
  assert.deepEqual(targets({ connection: "far" }), ["ecs:eu-central-1/prod/litellm"]);
});
