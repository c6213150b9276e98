import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { ecsSetEnv } from "../../src/actions/ecs/set-env.ts";
import type { Output } from "../../src/core/action.ts";
import { type EcsStub, startEcsStub } from "../stubs/ecs.ts";
import { complete, connectionsOf, contextOf, failureOf, outputOf, perform, useEcs } from "./support.ts";

const SERVICE = { cluster: "prod", service: "litellm" };
const FIRST = "arn:aws:ecs:us-west-1:123456789012:task-definition/litellm:7";

let ecs: EcsStub;
let connections: ReturnType<typeof connectionsOf>;

before(async () => {
  ecs = await startEcsStub();
  useEcs(ecs.url);
  connections = connectionsOf({ ecs: { poc: { region: "us-west-1" } } });
});
beforeEach(() => {
  ecs.heal();
  ecs.renew();
  ecs.effects.length = 0;
});
after(async () => {
  await connections.close();
  await ecs.close();
});

const context = () => contextOf(connections);
const input = { ...SERVICE, env: "SHED_RATE", value: "0.1" };
const set = (over: Output = {}) => complete(ecsSetEnv, { ...input, ...over }, context());
const running = () => ecs.service("prod", "litellm").taskDefinition;
const present = () => ecs.definitions.find(({ arn }) => arn === running());
const variables = () =>
  Object.fromEntries(
    (present()?.containerDefinitions[0]?.environment ?? []).map(({ name, value }) => [name, value] as const),
  );

test("a new revision differs in the one variable and keeps tags but AWS's own; the step is marked on it", async () => {
  const output = outputOf(await set());
  assert.deepEqual([output.former, output.value, output.changed], ["0", "0.1", true]);
  assert.equal(output.taskDefinition, running());
  assert.deepEqual(variables(), { SHED_RATE: "0.1", LOG_LEVEL: "info" });
  const [first, made] = ecs.definitions;
  assert.deepEqual(
    { ...made, containerDefinitions: [] },
    {
      ...first,
      containerDefinitions: [],
      arn: FIRST.replace(/7$/, "8"),
      revision: 8,
      tags: [
        { key: "team", value: "platform" },
        { key: "stanch.dev/step", value: "run-1f0c9a2b3d4e/redeploy" },
        { key: "stanch.dev/former", value: "7" },
      ],
    },
  );
  assert.deepEqual(made?.containerDefinitions[0]?.secrets, first?.containerDefinitions[0]?.secrets);
});

test("its revert goes back to the former revision and registers none", async () => {
  const undo = ecsSetEnv.revert?.(input, outputOf(await set()));
  outputOf(await complete(ecsSetEnv, undo?.with ?? {}, context()));
  assert.equal(running(), FIRST);
  assert.equal(ecs.definitions.length, 2);
  outputOf(await set());
  assert.equal(ecs.definitions.length, 2, "the same change again takes the revision that is there");
});

test("a revert after somebody's deployment takes the variable back and leaves the deployment", async () => {
  const undo = ecsSetEnv.revert?.(input, outputOf(await set()));
  const made = ecs.definitions.at(-1);
  assert.ok(made);
  const [container] = made.containerDefinitions;
  assert.ok(container);
  const image = "registry.example.com/litellm:1.5.0";
  const arn = made.arn.replace(/8$/, "9");
  ecs.definitions.push({ ...made, arn, revision: 9, containerDefinitions: [{ ...container, image }] });
  ecs.deploy("prod", "litellm", arn);
  outputOf(await complete(ecsSetEnv, undo?.with ?? {}, context()));
  assert.deepEqual(variables(), { SHED_RATE: "0", LOG_LEVEL: "info" });
  assert.equal(present()?.containerDefinitions[0]?.image, image);
});

test("a revert never undoes what somebody else has set since", async () => {
  const undo = ecsSetEnv.revert?.(input, outputOf(await set()));
  outputOf(await set({ value: "0.4" }));
  const refused = failureOf(await complete(ecsSetEnv, undo?.with ?? {}, context()));
  assert.deepEqual([refused.reason, refused.sent], ["conflict", "refused"]);
  assert.match(refused.message, /it is "0.4" now, not "0.1"; somebody changed it since/);
  assert.equal(variables()["SHED_RATE"], "0.4");
});

test("a variable that was not set is removed again, and two are undone in any order", async () => {
  const one = { ...input, env: "NEW", value: "1" };
  const undoOne = ecsSetEnv.revert?.(one, outputOf(await set(one)));
  const undoTwo = ecsSetEnv.revert?.(input, outputOf(await set()));
  outputOf(await complete(ecsSetEnv, undoOne?.with ?? {}, context()));
  assert.deepEqual(variables(), { SHED_RATE: "0.1", LOG_LEVEL: "info" });
  outputOf(await complete(ecsSetEnv, undoTwo?.with ?? {}, context()));
  assert.deepEqual(variables(), { SHED_RATE: "0", LOG_LEVEL: "info" });
});

test("what cannot be registered was not sent, and nothing has changed for the service", async () => {
  ecs.fail({ kind: "drop-after" }, { on: /RegisterTaskDefinition/, times: 1 });
  const failed = failureOf(await set());
  assert.deepEqual([failed.sent, failed.retryable, running()], ["no", true, FIRST]);
  outputOf(await set());
  assert.equal(ecs.definitions.length, 2, "the revision that was registered is taken");
});

test("a circuit breaker's rollback is a failure", async () => {
  ecs.service("prod", "litellm").next = { outcome: "rolled-back", after: 0 };
  assert.equal(failureOf(await set()).reason, "target_failed");
  assert.equal(running(), FIRST);
});

test("secrets, values from elsewhere, other controllers and an unnamed one of several containers are left alone", async () => {
  assert.equal(ecsSetEnv.input.safeParse({ ...input, env: "OPENAI_API_KEY" }).success, false);
  assert.match(failureOf(await set({ env: "UPSTREAM" })).message, /comes from elsewhere \(secrets\)/);
  assert.match(failureOf(await set({ container: "none" })).message, /name one of the task's containers: litellm/);
  ecs.definitions[0]?.containerDefinitions.push({ name: "sidecar", image: "registry.example.com/sidecar:1" });
  assert.match(failureOf(await set()).message, /name one of the task's containers: litellm, sidecar/);
  ecs.service("prod", "litellm").controller = "CODE_DEPLOY";
  assert.match(failureOf(await set({ container: "litellm" })).message, /belong to CODE_DEPLOY/);
  assert.equal(ecs.effects.length, 0);
});

test("a task definition with a field that the SDK does not know is left alone: a new revision would lack it", async () => {
  const [container] = ecs.definitions[0]?.containerDefinitions ?? [];
  assert.ok(container);
  Object.assign(container, { shutdownPolicy: { drain: true } });
  assert.match(
    failureOf(await set()).message,
    /has containerDefinitions\.0\.shutdownPolicy, which stanch does not know/,
  );
  assert.equal(ecs.definitions.length, 1);
  assert.equal(running(), FIRST);
});

test("after a crash the value tells whether it was done", async () => {
  const prepared = await ecsSetEnv.prepare?.(input, context());
  assert.ok(prepared?.ok);
  const verdict = async () =>
    (await ecsSetEnv.reconcile?.(input, context(), { at: Date.now(), attempt: 1, before: prepared.before }))?.verdict;
  assert.equal(await verdict(), "not-done");
  outputOf(await set());
  assert.equal(await verdict(), "done");
  outputOf(await set({ value: "0.4" }));
  assert.equal(await verdict(), "unknown");
  assert.equal(ecsSetEnv.conditional, undefined, "ECS has no precondition, so that not-done asks a person");
});

test("denied is told with what to grant", async () => {
  const body = { __type: "AccessDeniedException", message: "not authorized" };
  ecs.fail({ kind: "status", status: 400, body }, { on: /RegisterTaskDefinition/, times: 1 });
  assert.match(
    failureOf(await perform(ecsSetEnv, input, context())).message,
    /grant ecs:RegisterTaskDefinition and ecs:TagResource on litellm, and iam:PassRole on its roles/,
  );
});
