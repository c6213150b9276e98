import { z } from "zod";
import {
  DescribeDefinition,
  definitionReply,
  findDefinition,
  firstDefinition,
  Register,
  register,
  type StubDefinition,
} from "./ecs-task-definitions.ts";
import {
  arn,
  bringIn,
  type EcsEffect,
  type EcsWorld,
  newService,
  type StubDeployment,
  type StubService,
  type StubTask,
  settle,
} from "./ecs-world.ts";
import { runAsProcess, type StubReply, type StubRequest, type StubServer, startStub } from "./server.ts";

export type EcsStub = StubServer & {
  service(cluster: string, name: string): StubService;
  effects: EcsEffect[];
  /** Brings a deployment in as somebody else would. */
  rescale(cluster: string, name: string, desired: number): void;
  deploy(cluster: string, name: string, taskDefinition?: string): StubDeployment;
  /** Every revision of every task definition, the oldest first. */
  definitions: StubDefinition[];
  /** Puts service and task definitions back to how they were at the start. */
  renew(): void;
};

const TARGET = "AmazonEC2ContainerServiceV20141113.";
const SIGNATURE =
  /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/[a-z0-9-]+\/ecs\/aws4_request, ?SignedHeaders=[a-z0-9;-]+, ?Signature=[0-9a-f]{64}$/;

const Describe = z.strictObject({
  cluster: z.string().optional(),
  services: z.array(z.string()).min(1).max(10),
  include: z.array(z.string()).optional(),
});
const Update = z.strictObject({
  cluster: z.string().optional(),
  service: z.string(),
  forceNewDeployment: z.boolean().optional(),
  desiredCount: z.number().int().nonnegative().optional(),
  taskDefinition: z.string().optional(),
});
const ListTasks = z.strictObject({
  cluster: z.string().optional(),
  serviceName: z.string().optional(),
  desiredStatus: z.enum(["RUNNING", "PENDING", "STOPPED"]).optional(),
  maxResults: z.number().int().min(1).max(100).optional(),
  nextToken: z.string().optional(),
});
const DescribeTasks = z.strictObject({
  cluster: z.string().optional(),
  tasks: z.array(z.string()).min(1).max(100),
  include: z.array(z.string()).optional(),
});

type Operation = (world: EcsWorld, input: unknown) => StubReply;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  DescribeServices: (world, input) => checked(Describe, input, (parsed) => describeServices(world, parsed)),
  UpdateService: (world, input) => checked(Update, input, (parsed) => updateService(world, parsed)),
  ListTasks: (world, input) => checked(ListTasks, input, (parsed) => listTasks(world, parsed)),
  DescribeTasks: (world, input) => checked(DescribeTasks, input, (parsed) => describeTasks(world, parsed)),
  DescribeTaskDefinition: (world, input) =>
    checked(DescribeDefinition, input, (parsed) => describeDefinition(world, parsed)),
  RegisterTaskDefinition: (world, input) =>
    checked(Register, input, (parsed) => definitionReply(register(world.definitions, parsed), true)),
};

/** The ECS API as far as stanch uses it, in AWS JSON 1.1; signatures are checked for their form. Cluster `prod` has service `litellm`. */
export async function startEcsStub(port = 0): Promise<EcsStub> {
  const world: EcsWorld = { services: [], definitions: [], effects: [], sequence: 0 };
  const renew = () => {
    world.services.splice(0, world.services.length, newService(world, "prod", "litellm"));
    world.definitions.splice(0, world.definitions.length, firstDefinition("litellm"));
  };
  renew();
  const stub = await startStub(
    {
      handle: (request) => route(world, request),
      label: operationOf,
      report: () => ({ effects: world.effects, services: world.services }),
    },
    port,
  );
  const service = (cluster: string, name: string) => {
    const found = find(world, cluster, name);
    if (!found) throw new Error(`the stub has no ${cluster}/${name}`);
    settle(world, found);
    return found;
  };
  const deploy = (cluster: string, name: string, taskDefinition?: string) =>
    bringIn(world, service(cluster, name), taskDefinition);
  return Object.assign(stub, {
    service,
    effects: world.effects,
    deploy,
    definitions: world.definitions,
    renew,
    rescale: (cluster: string, name: string, desired: number) => rescale(service(cluster, name), desired),
  });
}

function operationOf({ headers }: Omit<StubRequest, "label">): string {
  const target = headers["x-amz-target"];
  return typeof target === "string" && target.startsWith(TARGET) ? target.slice(TARGET.length) : "?";
}

function route(world: EcsWorld, { method, url, headers, body, label }: StubRequest): StubReply {
  if (method !== "POST" || url.pathname !== "/") return fault("UnknownOperationException", "no such path", 404);
  if (headers["content-type"] !== "application/x-amz-json-1.1") return fault("SerializationException", "content type");
  if (headers.authorization === undefined || headers["x-amz-date"] === undefined)
    return fault("MissingAuthenticationTokenException", "Request is missing Authentication Token");
  if (!SIGNATURE.test(headers.authorization)) return fault("IncompleteSignatureException", "malformed signature");
  const operation = OPERATIONS[label];
  return operation ? operation(world, JSON.parse(body)) : fault("UnknownOperationException", label);
}

function checked<T>(schema: z.ZodType<T>, input: unknown, then: (parsed: T) => StubReply): StubReply {
  const parsed = schema.safeParse(input);
  return parsed.success ? then(parsed.data) : fault("SerializationException", z.prettifyError(parsed.error));
}

function fault(type: string, message: string, status = 400): StubReply {
  return json(status, { __type: type, message });
}

function json(status: number, body: object): StubReply {
  return { status, body, headers: { "content-type": "application/x-amz-json-1.1" } };
}

function short(nameOrArn: string): string {
  return nameOrArn.slice(nameOrArn.lastIndexOf("/") + 1);
}

function find(world: EcsWorld, cluster = "default", name: string): StubService | undefined {
  return world.services.find((one) => one.cluster === short(cluster) && one.name === short(name));
}

function describeServices(world: EcsWorld, { cluster = "default", services }: z.infer<typeof Describe>): StubReply {
  if (!world.services.some((one) => one.cluster === short(cluster)))
    return fault("ClusterNotFoundException", "Cluster not found.");
  const found = services.map((name) => ({ name, service: find(world, cluster, name) }));
  for (const { service } of found) if (service) settle(world, service);
  const failures = found
    .filter(({ service }) => !service)
    .map(({ name }) => ({ arn: arn(`service/${short(cluster)}/${short(name)}`), reason: "MISSING" }));
  return json(200, { services: found.flatMap(({ service }) => (service ? [view(service)] : [])), failures });
}

function updateService(world: EcsWorld, input: z.infer<typeof Update>): StubReply {
  const { cluster = "default", service: name } = input;
  if (!world.services.some((one) => one.cluster === short(cluster)))
    return fault("ClusterNotFoundException", "Cluster not found.");
  const service = find(world, cluster, name);
  if (!service) return fault("ServiceNotFoundException", "Service not found.");
  if (service.status !== "ACTIVE") return fault("ServiceNotActiveException", "Service was not ACTIVE.");
  if (service.controller !== "ECS")
    return fault("InvalidParameterException", "Unable to update a service with this deployment controller");
  const definition =
    input.taskDefinition === undefined ? undefined : findDefinition(world.definitions, input.taskDefinition);
  if (input.taskDefinition !== undefined && definition?.status !== "ACTIVE")
    return fault("ClientException", "TaskDefinition is inactive or not found");
  settle(world, service);
  if (isKept(service, input, definition)) return json(200, { service: view(service) });
  const effect: EcsEffect = {
    operation: "UpdateService",
    at: Date.now(),
    cluster: service.cluster,
    service: service.name,
    input,
  };
  if (input.desiredCount !== undefined) rescale(service, input.desiredCount);
  if (input.forceNewDeployment === true || input.taskDefinition !== undefined)
    effect.deploymentId = bringIn(world, service, definition?.arn).id;
  world.effects.push(effect);
  return json(200, { service: view(service) });
}

/** To the task definition that it has already: ECS makes no deployment. */
function isKept(service: StubService, input: z.infer<typeof Update>, definition: StubDefinition | undefined): boolean {
  const { desiredCount, forceNewDeployment } = input;
  return desiredCount === undefined && forceNewDeployment !== true && definition?.arn === service.taskDefinition;
}

function describeDefinition(
  world: EcsWorld,
  { taskDefinition, include = [] }: z.infer<typeof DescribeDefinition>,
): StubReply {
  const found = findDefinition(world.definitions, taskDefinition);
  return found
    ? definitionReply(found, include.includes("TAGS"))
    : fault("ClientException", "Unable to describe task definition.");
}

function rescale(service: StubService, desired: number): void {
  service.desired = desired;
  const primary = service.deployments.find(({ status }) => status === "PRIMARY");
  if (primary) Object.assign(primary, { desiredCount: desired, runningCount: desired, updatedAt: Date.now() / 1000 });
}

function listTasks(
  world: EcsWorld,
  { cluster, serviceName, desiredStatus = "RUNNING" }: z.infer<typeof ListTasks>,
): StubReply {
  const service = find(world, cluster, serviceName ?? "");
  if (!service) return fault("ServiceNotFoundException", "Service not found.");
  const tasks = service.tasks.filter(({ lastStatus }) => lastStatus === desiredStatus);
  return json(200, { taskArns: tasks.map(({ id }) => arn(`task/${service.cluster}/${id}`)) });
}

function describeTasks(world: EcsWorld, { cluster = "default", tasks }: z.infer<typeof DescribeTasks>): StubReply {
  const all = world.services
    .filter((one) => one.cluster === short(cluster))
    .flatMap((service) => service.tasks.map((task) => ({ task, service })));
  const found = tasks.map((name) => all.find(({ task }) => task.id === short(name)));
  const failures = tasks.filter((_, index) => !found[index]).map((name) => ({ arn: name, reason: "MISSING" }));
  const view = found.flatMap((one) => (one ? [taskView(one.service, one.task)] : []));
  return json(200, { tasks: view, failures });
}

function taskView(service: StubService, { id, ...task }: StubTask): object {
  const at = service.deployments[0]?.createdAt ?? 0;
  return {
    taskArn: arn(`task/${service.cluster}/${id}`),
    taskDefinitionArn: service.taskDefinition,
    createdAt: at,
    ...task,
  };
}

function view(service: StubService): object {
  const [primary] = service.deployments;
  return {
    serviceArn: arn(`service/${service.cluster}/${service.name}`),
    serviceName: service.name,
    clusterArn: arn(`cluster/${service.cluster}`),
    status: service.status,
    taskDefinition: service.taskDefinition,
    desiredCount: service.desired,
    runningCount: primary?.runningCount ?? 0,
    pendingCount: primary?.pendingCount ?? 0,
    deploymentController: { type: service.controller },
    deployments: service.deployments,
    events: service.events,
  };
}

if (import.meta.main) await runAsProcess(startEcsStub);
