import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { text } from "./files.ts";

type TaskDefinition = {
  volumes: { name: string }[];
  containerDefinitions: {
    user: string;
    readonlyRootFilesystem: boolean;
    image: string;
    healthCheck: { command: string[] };
    mountPoints: { sourceVolume: string }[];
    environment: { name: string; value: string }[];
    secrets: { name: string }[];
  }[];
};
type Policy = { Statement: { Effect: string; Action: string | string[]; Resource: string | string[] }[] };

describe("ECS files", () => {
  const task = JSON.parse(text("deploy/ecs/task-definition.json")) as TaskDefinition;
  const policy = JSON.parse(text("deploy/ecs/task-role-policy.json")) as Policy;

  it("define a task that is not root, with a read-only root and a health check", () => {
    for (const container of task.containerDefinitions) {
      assert.match(container.user, /^[1-9]/);
      assert.equal(container.readonlyRootFilesystem, true);
      assert.equal(container.healthCheck.command[0], "CMD");
      assert.match(container.image, /:\d+\.\d+\.\d+$/);
      for (const mount of container.mountPoints)
        assert.ok(task.volumes.some(({ name }) => name === mount.sourceVolume));
    }
  });

  it("pass tokens as secrets, never as plain environment", () => {
    for (const container of task.containerDefinitions) {
      for (const { name } of container.environment) assert.doesNotMatch(name, /TOKEN|SECRET|PASSWORD|KEY/);
    }
  });

  it("grant no wildcard but the tasks of the named cluster", () => {
    for (const statement of policy.Statement) {
      for (const value of [statement.Action, statement.Resource].flat())
        assert.doesNotMatch(value.replace(/:(task|container-instance)\/kong-llm-gateway-poc\/\*$/, ""), /\*/);
    }
  });
});
