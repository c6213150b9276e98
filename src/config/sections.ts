import { VALID_FOR } from "../core/approval.ts";
import type { ApprovalSettings, Config, SourceSettings, WebhookAuth } from "../core/config.ts";
import { type Environment, setVariables } from "./environment.ts";
import type { StanchYaml } from "./schema.ts";

type AuthEntry = { bearer: string } | { basic: { username: string; password: string } };

/** Sources in the core's form; in insecure development every source without credentials takes anyone's calls. */
export function sourceSettings(yaml: StanchYaml["sources"], insecureDev: boolean): SourceSettings {
  const open: SourceSettings = insecureDev
    ? { alertmanager: { kind: "none" }, grafana: { kind: "none" }, eventbridge: { kind: "none" } }
    : {};
  const { alertmanager, grafana, cloudwatch, eventbridge } = yaml;
  return {
    ...open,
    ...(alertmanager ? { alertmanager: webhookAuth(alertmanager) } : {}),
    ...(grafana ? { grafana: "hmac" in grafana ? hmacAuth(grafana) : webhookAuth(grafana) } : {}),
    ...(cloudwatch
      ? { cloudwatch: { topics: cloudwatch.topics, allowSignatureVersion1: cloudwatch["allow-signature-version-1"] } }
      : {}),
    ...(eventbridge ? { eventbridge: webhookAuth(eventbridge) } : {}),
  };
}

function webhookAuth(entry: AuthEntry): WebhookAuth {
  return "bearer" in entry ? { kind: "bearer", token: entry.bearer } : { kind: "basic", ...entry.basic };
}

function hmacAuth(entry: { hmac: string; "timestamp-header"?: string | undefined }) {
  const header = entry["timestamp-header"];
  return { kind: "hmac" as const, secret: entry.hmac, ...(header === undefined ? {} : { timestampHeader: header }) };
}

/** Approvals in the core's form. Without a section nobody is in any group, so nothing that asks can be approved. */
export function approvalSettings(yaml: StanchYaml["approvals"]): ApprovalSettings {
  const policy = yaml?.default;
  return {
    people: Object.fromEntries(
      Object.entries(yaml?.people ?? {}).map(([name, { slack, token }]) => [
        name,
        { ...(slack === undefined ? {} : { slack }), ...(token === undefined ? {} : { token }) },
      ]),
    ),
    groups: Object.fromEntries(
      Object.entries(yaml?.groups ?? {}).map(([name, group]) => [
        name,
        {
          people: group.people,
          slackUsers: group["slack-users"],
          slackUserGroups: group["slack-user-groups"],
          apiTokens: group["api-tokens"],
        },
      ]),
    ),
    default: {
      group: policy?.group ?? "nobody",
      required: policy?.required ?? 1,
      requesterMayApprove: policy?.["requester-may-approve"] ?? true,
      expires: policy?.expires ?? 900_000,
      validFor: policy?.["valid-for"] ?? VALID_FOR,
      onExpiry: policy?.["on-expiry"] ?? "escalate",
    },
  };
}

/** Limits in the core's form. */
export function limitSettings(yaml: StanchYaml["limits"]): Config["limits"] {
  return {
    budget: yaml.budget,
    targetBudget: yaml["target-budget"],
    maxConcurrentRuns: yaml["max-concurrent-runs"],
    maxTargetsPerStep: yaml["max-targets-per-step"],
    fleetFraction: yaml["fleet-fraction"],
    fleetMin: yaml["fleet-min"],
    flapping: yaml.flapping,
  };
}

/** Incident settings in the core's form. */
export function incidentSettings(yaml: StanchYaml["incidents"]): Config["incidents"] {
  return {
    correlateBy: yaml["correlate-by"],
    reopenWithin: yaml["reopen-within"],
    bake: yaml.bake,
    maxRuns: yaml["max-runs"],
    reassessEvery: yaml["reassess-every"],
    staleAfter: yaml["stale-after"],
  };
}

/** Slack settings in the core's form. */
export function slackSettings(yaml: StanchYaml["slack"]): Config["slack"] {
  const own = yaml["incident-channel"];
  return { channel: yaml.channel, routes: yaml.routes, ...(own === undefined ? {} : { incidentChannel: own }) };
}

/** What the loss of a host may cost. */
export function durabilitySetting(text: StanchYaml["durability"]): Config["durability"] {
  if (text === "everysec" || text === "aof-always") return { kind: text };
  return { kind: "wait", replicas: Number(text.slice("wait:".length)) };
}

/**
 * Connections in the core's form. An ECS connection without a region gets the environment's, as the SDK would: so one that names the same
 * region leads to the same services, and their locks and leases are the same.
 */
export function connectionSettings(yaml: StanchYaml["connections"], environment: Environment): Config["connections"] {
  const { AWS_REGION: region } = setVariables(environment);
  return {
    prometheus: renamed(yaml.prometheus, withoutUndefined),
    alertmanager: renamed(yaml.alertmanager, withoutUndefined),
    redis: yaml.redis,
    kubernetes: renamed(yaml.kubernetes, withoutUndefined),
    ecs: renamed(yaml.ecs, (entry) => withoutUndefined({ region: entry.region ?? region })),
    settings: yaml.settings,
    http: renamed(yaml.http, (entry) => ({
      baseUrl: entry["base-url"],
      allowPrivate: entry["allow-private"],
      headers: entry.headers,
    })),
    pagerduty: renamed(yaml.pagerduty, ({ "routing-key": routingKey, url }) => withoutUndefined({ routingKey, url })),
  };
}

function renamed<T, U>(entries: Readonly<Record<string, T>>, make: (entry: T) => U): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, make(entry)]));
}

type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

function withoutUndefined<T extends object>(entry: T): Present<T> {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined)) as Present<T>;
}
