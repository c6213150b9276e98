import { z } from "zod";
import { CEL_WORDS, ID } from "../core/cel/names.ts";
import { REDIS_RISKS } from "../core/config.ts";
import { ConnectionsSection } from "./connections.ts";
import {
  AutonomyName,
  BudgetEntry,
  Duration,
  durationFrom,
  MatcherText,
  Secret,
  SeverityName,
  Text,
} from "./fields.ts";

const Basic = z.strictObject({ username: Text, password: Secret });
const WebhookAuthEntry = z.union([z.strictObject({ bearer: Secret }), z.strictObject({ basic: Basic })]);
const GrafanaAuth = z.union([
  z.strictObject({ bearer: Secret }),
  z.strictObject({ basic: Basic }),
  z.strictObject({ hmac: Secret, "timestamp-header": Text.optional() }),
]);

const Sources = z.strictObject({
  alertmanager: WebhookAuthEntry.optional(),
  grafana: GrafanaAuth.optional(),
  cloudwatch: z
    .strictObject({
      topics: z
        .array(z.string().regex(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:.+$/, "expected the ARN of an SNS topic"))
        .min(1),
      "allow-signature-version-1": z.boolean().default(false),
    })
    .optional(),
  eventbridge: WebhookAuthEntry.optional(),
});

const Fact = z.strictObject({
  match: z.array(MatcherText).default([]),
  query: Text.optional(),
  connection: Text.optional(),
  fallback: Text.optional(),
  "max-age": Duration.default(60_000),
});

/** `true` needs no quotes. */
const CelText = z.union([Text, z.boolean().transform(String)]);

const Rule = z.strictObject({ level: z.enum(["P0", "P1", "P2", "none"]), when: CelText, for: Duration.default(0) });

const Limits = z.strictObject({
  budget: z.array(BudgetEntry).default([{ runs: 20, per: 3_600_000 }]),
  "target-budget": z.array(BudgetEntry).default([]),
  "max-concurrent-runs": z.int().min(1).default(5),
  "max-targets-per-step": z.int().min(1).default(5),
  "fleet-fraction": z.number().gt(0).max(1).default(0.3),
  "fleet-min": z.int().min(1).default(10),
  flapping: z
    .strictObject({ changes: z.int().min(2), per: durationFrom("1s") })
    .default({ changes: 4, per: 1_800_000 }),
});

const Policy = z.strictObject({
  group: Text,
  required: z.int().min(1).max(10).default(1),
  "requester-may-approve": z.boolean().default(true),
  expires: durationFrom("1s").default(900_000),
  "valid-for": durationFrom("10s").default(900_000),
  "on-expiry": z.enum(["deny", "escalate"]).default("escalate"),
});

const Approvals = z.strictObject({
  people: z.record(Text, z.strictObject({ slack: Text.optional(), token: Text.optional() })).default({}),
  groups: z
    .record(
      Text,
      z.strictObject({
        people: z.array(Text).default([]),
        "slack-users": z.array(Text).default([]),
        "slack-user-groups": z.array(Text).default([]),
        "api-tokens": z.array(Text).default([]),
      }),
    )
    .default({}),
  default: Policy,
});

const Escalation = z.strictObject({
  after: Duration,
  when: z.enum(["needs-person", "unmitigated"]),
  severities: z.array(SeverityName).default(["P0", "P1", "P2"]),
  notify: z
    .array(z.string().regex(/^(slack|pagerduty):.+$/, "expected slack:@GROUP, slack:#CHANNEL or pagerduty:CONNECTION"))
    .min(1),
});

const Freeze = z.strictObject({
  cron: Text,
  for: durationFrom("1m"),
  tz: Text.default("UTC"),
  allow: z.array(SeverityName).default([]),
  reason: Text.default("freeze"),
});

const Slack = z.strictObject({
  channel: Text,
  routes: z
    .array(z.strictObject({ match: z.array(MatcherText).min(1), channel: Text, private: z.boolean().default(false) }))
    .default([]),
  "incident-channel": z
    .strictObject({
      severities: z.array(SeverityName).min(1),
      prefix: z
        .string()
        .regex(/^[a-z0-9_-]{1,20}$/)
        .default("inc"),
      invite: z.array(Text).default([]),
    })
    .optional(),
});

const Reports = z.strictObject({
  directory: Text,
  "decision-log": Text.optional(),
  "incidents-log": Text.optional(),
  "post-mortem-within": Duration.default(172_800_000),
  chapter: z
    .string()
    .regex(/^[\w.-]{1,20}$/)
    .default("38"),
});

/** A name that expressions can use. */
function named(what: string) {
  const name = z.string().regex(ID, `${what} matches [a-z][a-zA-Z0-9_]*`);
  return name.refine((text) => !CEL_WORDS.has(text), `${what} is none of CEL's words: ${[...CEL_WORDS].join(", ")}`);
}

/** `stanch.yaml` as people write it; strict, kebab-case. The compiled form is core's `Config`. */
export const StanchYaml = z.strictObject({
  version: z.literal(1),
  vars: z.record(named("the name of a var"), z.unknown()).default({}),
  autonomy: AutonomyName.default("auto"),
  sources: Sources.default({}),
  api: z
    .strictObject({
      tokens: z
        .array(z.strictObject({ name: Text, role: z.enum(["viewer", "operator", "admin"]), token: Secret }))
        .default([]),
    })
    .default({ tokens: [] }),
  incidents: z
    .strictObject({
      "correlate-by": z.array(Text).min(1).default(["service", "cluster", "namespace"]),
      "reopen-within": Duration.default(1_800_000),
      bake: Duration.default(600_000),
      "max-runs": z.int().min(1).default(3),
      "reassess-every": durationFrom("1s").default(60_000),
      "stale-after": Duration.default(32_400_000),
    })
    .prefault({}),
  facts: z.record(named("a fact's name"), Fact).default({}),
  severity: z.array(Rule).default([]),
  limits: Limits.prefault({}),
  freeze: z.array(Freeze).default([]),
  approvals: Approvals.optional(),
  escalation: z.array(Escalation).default([]),
  slack: Slack.prefault({ channel: "#alerts" }),
  reports: Reports.optional(),
  retention: durationFrom("1h").default(7_776_000_000),
  "max-body": z
    .int()
    .min(1_024)
    .max(100 * 1024 * 1024)
    .default(10 * 1024 * 1024),
  durability: z
    .string()
    .regex(/^(everysec|aof-always|wait:[1-9])$/, "expected everysec, wait:N or aof-always")
    .default("everysec"),
  redis: z.strictObject({ "accept-risk": z.array(z.enum(REDIS_RISKS)).default([]) }).prefault({}),
  connections: ConnectionsSection.prefault({}),
});
export type StanchYaml = z.infer<typeof StanchYaml>;
