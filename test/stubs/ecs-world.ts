import type { StubDefinition } from "./ecs-task-definitions.ts";

export type StubDeployment = {
  id: string;
  status: "PRIMARY" | "ACTIVE" | "INACTIVE";
  taskDefinition: string;
  rolloutState: "IN_PROGRESS" | "COMPLETED" | "FAILED";
  rolloutStateReason: string;
  desiredCount: number;
  runningCount: number;
  pendingCount: number;
  failedTasks: number;
  /** Seconds since the epoch, as ECS writes times. */
  createdAt: number;
  updatedAt: number;
};

export type StubTask = {
  id: string;
  lastStatus: "RUNNING" | "STOPPED";
  healthStatus?: string;
  stoppedReason?: string;
  stopCode?: string;
  containers: { name: string; exitCode?: number; reason?: string }[];
};

export type StubService = {
  cluster: string;
  name: string;
  status: "ACTIVE" | "DRAINING" | "INACTIVE";
  controller: "ECS" | "CODE_DEPLOY";
  taskDefinition: string;
  desired: number;
  deployments: StubDeployment[];
  events: { id: string; createdAt: number; message: string }[];
  tasks: StubTask[];
  /** How the next deployment ends, and after how long. */
  next: { outcome: "completed" | "rolled-back" | "stuck"; after: number };
};

/** A call that changed something. */
export type EcsEffect = {
  operation: "UpdateService";
  at: number;
  cluster: string;
  service: string;
  input: object;
  deploymentId?: string;
};

/** Everything the stub knows. */
export type EcsWorld = {
  services: StubService[];
  definitions: StubDefinition[];
  effects: EcsEffect[];
  sequence: number;
};

/** A service of two healthy tasks with one finished deployment, a day old. */
export function newService(world: EcsWorld, cluster: string, name: string): StubService {
  const taskDefinition = arn(`task-definition/${name}:7`);
  const service: StubService = {
    cluster,
    name,
    status: "ACTIVE",
    controller: "ECS",
    taskDefinition,
    desired: 2,
    deployments: [],
    events: [],
    tasks: [
      { id: "aaaa1111", lastStatus: "RUNNING", healthStatus: "HEALTHY", containers: [{ name }] },
      {
        id: "bbbb2222",
        lastStatus: "STOPPED",
        stopCode: "EssentialContainerExited",
        stoppedReason: "Essential container in task exited",
        containers: [{ name, exitCode: 137, reason: "OutOfMemoryError: Container killed due to memory usage" }],
      },
    ],
    next: { outcome: "completed", after: 0 },
  };
  const first = newDeployment(world, service, taskDefinition);
  service.deployments.push({
    ...first,
    createdAt: first.createdAt - 86_400,
    rolloutState: "COMPLETED",
    runningCount: 2,
    pendingCount: 0,
  });
  return service;
}

function newDeployment(world: EcsWorld, service: StubService, taskDefinition: string): StubDeployment {
  world.sequence += 1;
  const now = Date.now() / 1000;
  return {
    id: `ecs-svc/${String(world.sequence).padStart(19, "0")}`,
    status: "PRIMARY",
    taskDefinition,
    rolloutState: "IN_PROGRESS",
    rolloutStateReason: "ECS deployment in progress.",
    desiredCount: service.desired,
    runningCount: 0,
    pendingCount: service.desired,
    failedTasks: 0,
    createdAt: now,
    updatedAt: now,
  };
}

/** Makes a new deployment PRIMARY. */
export function bringIn(
  world: EcsWorld,
  service: StubService,
  taskDefinition = service.taskDefinition,
): StubDeployment {
  for (const one of service.deployments) if (one.status === "PRIMARY") one.status = "ACTIVE";
  const made = newDeployment(world, service, taskDefinition);
  service.deployments.unshift(made);
  service.taskDefinition = taskDefinition;
  return made;
}

/** Ends what is due: the new deployment completes, or the circuit breaker brings the former task definition back. */
export function settle(world: EcsWorld, service: StubService): void {
  const primary = service.deployments.find(({ status }) => status === "PRIMARY");
  const { outcome, after } = service.next;
  if (primary?.rolloutState !== "IN_PROGRESS" || outcome === "stuck") return;
  if (Date.now() / 1000 < primary.createdAt + after / 1000) return;
  if (outcome === "rolled-back") {
    rollBack(world, service, primary);
    return;
  }
  Object.assign(primary, { rolloutState: "COMPLETED", runningCount: service.desired, pendingCount: 0 });
  service.deployments = [primary];
  service.events.unshift({
    id: primary.id,
    createdAt: Date.now() / 1000,
    message: `(service ${service.name}) has reached a steady state.`,
  });
}

function rollBack(world: EcsWorld, service: StubService, failed: StubDeployment): void {
  const former =
    service.deployments.find(({ status }) => status === "ACTIVE")?.taskDefinition ?? service.taskDefinition;
  Object.assign(failed, {
    rolloutState: "FAILED",
    rolloutStateReason: "ECS deployment circuit breaker: tasks failed to start.",
    failedTasks: 3,
    pendingCount: 0,
  });
  service.next = { outcome: "completed", after: 0 };
  const back = bringIn(world, service, former);
  back.rolloutStateReason = "ECS deployment circuit breaker: rolling back to the last completed deployment.";
}

/** The name of anything in this account and region. */
export function arn(resource: string): string {
  return `arn:aws:ecs:us-west-1:123456789012:${resource}`;
}
