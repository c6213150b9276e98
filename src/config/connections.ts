import { z } from "zod";
import type { SettingRules } from "../core/connection.ts";
import { ENV_NAME, looksSecret } from "../core/env-name.ts";
import { Secret, Text, Url } from "./fields.ts";

const HeaderValue = z
  .string()
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, "expected the value of an HTTP header: one line of Latin characters");
const Headers = z.record(z.string().regex(/^[A-Za-z0-9-]+$/, "expected the name of an HTTP header"), HeaderValue);

const SettingRuleEntry = z.discriminatedUnion("type", [
  z
    .strictObject({ type: z.literal("number"), min: z.number().optional(), max: z.number().optional() })
    .refine(({ min = -Infinity, max = Infinity }) => min <= max, { message: "min is above max", path: ["min"] }),
  z.strictObject({ type: z.literal("boolean") }),
  z.strictObject({ type: z.literal("string"), "one-of": z.array(z.string()).min(1).optional() }),
]);

/** The rules of settings whose names fit where they are kept. */
const allow = (name: z.ZodString) =>
  z.record(name, SettingRuleEntry).transform(
    (rules): SettingRules =>
      Object.fromEntries(
        Object.entries(rules).map(([name, rule]) => {
          if (rule.type === "boolean") return [name, rule];
          if (rule.type === "string")
            return [
              name,
              rule["one-of"] === undefined ? { type: "string" } : { type: "string", oneOf: rule["one-of"] },
            ];
          const { min, max } = rule;
          return [
            name,
            { type: "number" as const, ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) },
          ];
        }),
      ),
  );

const Allow = allow(z.string());
const AllowKeys = allow(z.string().regex(/^[-._a-zA-Z0-9]{1,253}$/, "expected a key of a ConfigMap"));
const AllowVariables = allow(
  z
    .string()
    .regex(ENV_NAME, "expected the name of an environment variable")
    .refine((name) => !looksSecret(name), "it looks like a secret, and its former value would be recorded"),
);

const KubernetesName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "expected a name of Kubernetes");
const EcsName = z
  .string()
  .max(512)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_:/-]*$/, "expected a name or an ARN of ECS");

const Settings = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("http"), http: Text, path: z.string().startsWith("/"), allow: Allow }),
  z.strictObject({ kind: z.literal("redis"), redis: Text, prefix: z.string(), allow: Allow }),
  z.strictObject({ kind: z.literal("configmap"), kubernetes: Text, name: KubernetesName, allow: AllowKeys }),
  z.strictObject({
    kind: z.literal("deployment-env"),
    kubernetes: Text,
    deployment: KubernetesName,
    container: Text.optional(),
    allow: AllowVariables,
  }),
  z.strictObject({
    kind: z.literal("ecs-env"),
    ecs: Text,
    cluster: EcsName,
    service: EcsName,
    container: Text.optional(),
    allow: AllowVariables,
  }),
]);

const RedisUrl = z.string().regex(/^rediss?:\/\//, "expected a redis:// or rediss:// URL");

/** Named connections by kind; steps name one with `connection`. */
export const ConnectionsSection = z.strictObject({
  prometheus: z.record(Text, z.strictObject({ url: Url, headers: Headers.optional() })).default({}),
  http: z
    .record(
      Text,
      z.strictObject({ "base-url": Url, "allow-private": z.boolean().default(false), headers: Headers.default({}) }),
    )
    .default({}),
  redis: z.record(Text, z.strictObject({ url: RedisUrl })).default({}),
  kubernetes: z.record(Text, z.strictObject({ context: Text.optional(), namespace: Text.optional() })).default({}),
  ecs: z.record(Text, z.strictObject({ region: Text.optional() })).default({}),
  alertmanager: z.record(Text, z.strictObject({ url: Url, headers: Headers.optional() })).default({}),
  pagerduty: z.record(Text, z.strictObject({ "routing-key": Secret, url: Url.optional() })).default({}),
  settings: z.record(Text, Settings).default({}),
});
export type ConnectionsSection = z.infer<typeof ConnectionsSection>;
