import { z } from "zod";
import type { SettingRules } from "../core/connection.ts";
import { Secret, Text, Url } from "./fields.ts";

const Headers = z.record(z.string().regex(/^[A-Za-z0-9-]+$/, "expected the name of an HTTP header"), z.string());

const SettingRuleEntry = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("number"), min: z.number().optional(), max: z.number().optional() }),
  z.strictObject({ type: z.literal("boolean") }),
  z.strictObject({ type: z.literal("string"), "one-of": z.array(z.string()).min(1).optional() }),
]);

const Allow = z.record(z.string(), SettingRuleEntry).transform(
  (rules): SettingRules =>
    Object.fromEntries(
      Object.entries(rules).map(([name, rule]) => {
        if (rule.type === "boolean") return [name, rule];
        if (rule.type === "string")
          return [name, rule["one-of"] === undefined ? { type: "string" } : { type: "string", oneOf: rule["one-of"] }];
        const { min, max } = rule;
        return [
          name,
          { type: "number" as const, ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) },
        ];
      }),
    ),
);

const Settings = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("http"), http: Text, path: z.string().startsWith("/"), allow: Allow }),
  z.strictObject({ kind: z.literal("redis"), redis: Text, prefix: z.string(), allow: Allow }),
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
