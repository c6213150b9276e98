/** The commented `stanch.yaml` that `stanch init` writes; it loads once the variables it names are set. */
export function exampleConfig(): string {
  return EXAMPLE;
}

const EXAMPLE = `# stanch.yaml: one file, every key is checked. \${env:NAME} and \${file:PATH} fill in secrets.
version: 1

# How far any playbook may go alone: observe | approve | auto. A playbook's own level may only be lower.
autonomy: auto

# Where alerts come from; each source needs credentials.
sources:
  alertmanager: { bearer: '\${env:ALERTMANAGER_TOKEN}' }
  # grafana: { hmac: '\${env:GRAFANA_SECRET}' }
  # cloudwatch: { topics: ['arn:aws:sns:us-west-1:123456789012:alerts'] }
  # eventbridge: { bearer: '\${env:EVENTBRIDGE_TOKEN}' }

# Who may read, decide and operate through the API and the command line.
api:
  tokens:
    - { name: oncall-cli, role: operator, token: '\${env:STANCH_API_TOKEN}' }

# Alerts with the same values of these labels are one incident.
incidents: { correlate-by: [service, cluster, namespace], reopen-within: 30m, bake: 10m, max-runs: 3 }

# What is measured to classify an alert and to decide within playbooks; reached through connections.prometheus
# (connection: NAME where there are several).
facts:
  error_rate:
    match: ['service =~ ".*router.*|litellm.*|.*gateway.*"']
    query: '(sum(rate(router_errors_total{job="\${{ label("service", "") }}"}[5m])) or vector(0)) / sum(rate(router_requests_total{job="\${{ label("service", "") }}"}[5m]))'
    fallback: 'double(alert.annotations.value)'
    max-age: 60s

# The first rule that holds decides. A rule whose fact cannot be measured does not hold.
severity:
  - { level: P0, when: 'facts.error_rate > 0.50', for: 5m }
  - { level: P1, when: 'facts.error_rate >= 0.05', for: 10m }
  - { level: P2, when: 'facts.error_rate >= 0.01', for: 15m }
  - { level: P1, when: 'alert.labels.severity == "critical"' }
  - { level: P2, when: 'alert.labels.severity == "warning"' }
  - { level: none, when: 'true' } # recorded and explained, no incident

limits:
  budget: [{ runs: 20, per: 1h }]
  # target-budget: [{ runs: 3, per: 1h }, { runs: 8, per: 24h }] # of each target, over all playbooks
  max-concurrent-runs: 5
  max-targets-per-step: 5

# No change from Friday 16:00 for 64 hours, but for P0.
# freeze: [{ cron: '0 16 * * 5', for: 64h, tz: Europe/Berlin, allow: [P0], reason: weekend freeze }]

approvals:
  people: { anna: { slack: U012ABC, token: oncall-cli } } # so that one person counts once
  groups: { platform-oncall: { people: [anna], api-tokens: [oncall-cli] } }
  default: { group: platform-oncall, required: 1, requester-may-approve: true, expires: 15m, valid-for: 15m, on-expiry: escalate }

# With SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET set, incidents are shown here; without, on standard output.
slack: { channel: '#platform-alerts' }

# Who is called when a person is needed, or when nothing has helped in time; slack:@GROUP, slack:#CHANNEL or pagerduty:CONNECTION.
escalation:
  - { after: 0m, when: needs-person, notify: ['slack:@platform-oncall'] }
  - { after: 15m, when: unmitigated, severities: [P0, P1], notify: ['slack:@platform-oncall'] }

# Files for people, relative to the working directory; without this section reports are read through the API only.
# reports: { directory: reports, decision-log: DECISIONS.log, incidents-log: docs/INCIDENTS.md, post-mortem-within: 48h }

# What is over is removed this long after its resolution.
retention: 90d

# A Redis without an append-only file (no-aof), or one that evicts (eviction), is refused unless what it costs is accepted here.
# redis: { accept-risk: [no-aof] }

# Systems are reached through these names only.
connections:
  prometheus: { main: { url: 'http://127.0.0.1:9090' } }
  # alertmanager: { main: { url: 'http://127.0.0.1:9093' } }
  # http: { router: { base-url: 'http://litellm-router:8080', allow-private: true, headers: { authorization: '\${env:ROUTER_TOKEN}' } } }
  # ecs: { poc: { region: us-west-1 } }
  # kubernetes: { prod: { context: prod, namespace: primarch } }
  # settings: { gateway: { kind: http, http: router, path: /settings, allow: { FALLBACK_ENABLED: { type: boolean }, SHED_RATE: { type: number, min: 0, max: 0.5 } } } }
  #   kinds of settings: http, redis (prefix), configmap (kubernetes, name), deployment-env (kubernetes, deployment), ecs-env (ecs, cluster, service)
`;
