import { z } from "zod";
import type { StubReply } from "./server.ts";

const Pair = z.strictObject({ name: z.string().min(1), value: z.string() });
const Container = z.strictObject({
  name: z.string(),
  image: z.string(),
  cpu: z.number().int().optional(),
  memory: z.number().int().optional(),
  essential: z.boolean().optional(),
  environment: z.array(Pair).optional(),
  secrets: z.array(z.strictObject({ name: z.string(), valueFrom: z.string() })).optional(),
});
const Tag = z.strictObject({
  key: z
    .string()
    .min(1)
    .max(128)
    .refine((key) => !key.startsWith("aws:"), "tags of AWS itself are reserved"),
  value: z
    .string()
    .max(256)
    .regex(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u),
});

/** Strict: what only ECS writes (`revision`, `status`, `registeredAt`, ...) is refused, as ECS refuses it. */
export const Register = z.strictObject({
  family: z.string().regex(/^[A-Za-z0-9_-]{1,255}$/),
  containerDefinitions: z.array(Container).min(1),
  cpu: z.string().optional(),
  memory: z.string().optional(),
  networkMode: z.enum(["bridge", "host", "awsvpc", "none"]).optional(),
  requiresCompatibilities: z.array(z.enum(["EC2", "FARGATE", "EXTERNAL"])).optional(),
  taskRoleArn: z.string().optional(),
  executionRoleArn: z.string().optional(),
  volumes: z.array(z.object({ name: z.string() })).optional(),
  placementConstraints: z.array(z.object({ type: z.string() })).optional(),
  tags: z.array(Tag).max(50).optional(),
});
export const DescribeDefinition = z.strictObject({
  taskDefinition: z.string(),
  include: z.array(z.literal("TAGS")).optional(),
});

type Given = Omit<z.infer<typeof Register>, "tags">;
export type StubDefinition = Given & {
  arn: string;
  revision: number;
  status: "ACTIVE" | "INACTIVE";
  tags: { key: string; value: string }[];
};

const BASE = "arn:aws:ecs:us-west-1:123456789012:task-definition/";

/** Revision 7 of a family: one container with a plain variable and a secret, and tags, one of them AWS's own. */
export function firstDefinition(family: string): StubDefinition {
  return {
    arn: `${BASE}${family}:7`,
    revision: 7,
    status: "ACTIVE",
    family,
    networkMode: "awsvpc",
    requiresCompatibilities: ["FARGATE"],
    cpu: "256",
    memory: "512",
    executionRoleArn: "arn:aws:iam::123456789012:role/litellm",
    volumes: [],
    placementConstraints: [],
    containerDefinitions: [
      {
        name: family,
        image: `registry.example.com/${family}:1.4.2`,
        cpu: 0,
        essential: true,
        environment: [
          { name: "SHED_RATE", value: "0" },
          { name: "LOG_LEVEL", value: "info" },
        ],
        secrets: [
          { name: "UPSTREAM", valueFrom: "arn:aws:secretsmanager:us-west-1:123456789012:secret:upstream-AbCdEf" },
        ],
      },
    ],
    tags: [
      { key: "team", value: "platform" },
      { key: "aws:cloudformation:stack-name", value: family },
    ],
  };
}

/** By ARN, `family:revision`, or the newest active one of a family. */
export function findDefinition(all: readonly StubDefinition[], name: string): StubDefinition | undefined {
  const short = name.startsWith(BASE) ? name.slice(BASE.length) : name;
  return all.findLast((one) => `${one.family}:${one.revision}` === short || (one.family === short && isActive(one)));
}

function isActive({ status }: StubDefinition): boolean {
  return status === "ACTIVE";
}

/** Adds the next revision; the variables come back in an order of their own. */
export function register(all: StubDefinition[], { tags = [], ...given }: z.infer<typeof Register>): StubDefinition {
  const revision = Math.max(0, ...all.filter(({ family }) => family === given.family).map((one) => one.revision)) + 1;
  const containerDefinitions = given.containerDefinitions.map((container) => ({
    ...container,
    environment: (container.environment ?? []).toReversed(),
  }));
  const arn = `${BASE}${given.family}:${revision}`;
  const made: StubDefinition = { ...given, containerDefinitions, arn, revision, status: "ACTIVE", tags };
  all.push(made);
  return made;
}

/** As DescribeTaskDefinition and RegisterTaskDefinition show one, with what only ECS writes. */
export function definitionReply({ arn, tags, ...given }: StubDefinition, withTags: boolean): StubReply {
  const taskDefinition = {
    ...given,
    taskDefinitionArn: arn,
    compatibilities: ["EC2", "FARGATE"],
    requiresAttributes: [{ name: "ecs.capability.task-eni" }],
    registeredAt: 1_700_000_000,
    registeredBy: "arn:aws:iam::123456789012:user/pipeline",
  };
  const headers = { "content-type": "application/x-amz-json-1.1" };
  return { status: 200, headers, body: { taskDefinition, ...(withTags && { tags }) } };
}
