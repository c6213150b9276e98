import { type Case, rows } from "./cases.ts";
import { nothing, type Situation } from "./situation.ts";
import { ends, fires, firesLate, first, pass } from "./stories.ts";

const MATCH_SERVICE = { match: `['alertname = "Down"', 'service =~ "lite.*"']` };
const BY_LOAD: Partial<Situation> = { severity: "[{ level: P1, when: facts.load > 0.5 }]" };
const flaps = (times: number) => first(...Array.from({ length: times }, () => first(fires, pass(1), ends, pass(1))));

/** What the alert itself gives no reason to act on. */
export const ALERT_CASES: readonly Case[] = [
  ...rows(
    "alertname",
    ["another alert", "Up", "Down", "said", /No playbook matches Up at P1/],
    ["the same name in other letters", "down", "Down", "said", /No playbook matches down at P1/],
    ["a name that only begins so", "Downstream", "Down", "said", /No playbook matches Downstream at P1/],
  ),
  ...rows(
    "service",
    ["another service", "router", "litellm", "alert", /service =~ "lite\.\*" does not hold/, MATCH_SERVICE],
    [
      "an expression holds for the whole value only",
      "my-litellm",
      "litellm",
      "alert",
      /does not hold: it is "my-litellm"/,
      MATCH_SERVICE,
    ],
    ["no service at all", "", "litellm", "alert", /does not hold: the alert has no such label/, MATCH_SERVICE],
    [
      "the target's label is missing",
      "",
      "litellm",
      "said",
      /Playbook respond does not start: target: alert\.labels\.service is unknown/,
      { target: `'thing:\${{ alert.labels.service }}'` },
    ],
    [
      "the target is empty",
      "",
      "thing:litellm",
      "said",
      /Playbook respond does not start: its target is empty/,
      { target: `'\${{ label("service", "") }}'` },
    ],
  ),
  ...rows("env", ["an excluded environment", "dev", "prod", "alert", /env != "dev" does not hold/]),
  ...rows(
    "level",
    ["information only", "info", "critical", "alert", /Recorded only: none, as no severity rule matches/],
    ["no severity", "", "critical", "alert", /Recorded only: none/],
    [
      "a severity that the playbook does not list",
      "warning",
      "critical",
      "alert",
      /it is for P0, P1; the severity is P2/,
      { severities: "[P0, P1]" },
    ],
    ["a severity absent from autonomy", "warning", "critical", "ended", /^observed: nothing was changed/],
    [
      "a freeze that exempts only P0",
      "critical",
      "disaster",
      "ended",
      /^denied\.freeze: freeze: holidays/,
      { freeze: "[{ cron: '0 0 * * *', for: 1h, allow: [P0], reason: holidays }]" },
    ],
  ),
  ...rows("status", ["only resolved, never seen firing", "resolved", "firing", "answer", /^accepted 0, unchanged 1$/]),
  ...rows(
    "value",
    ["a severity that cannot be measured", "", "0.9", "alert", /Recorded only: none/, BY_LOAD],
    ["a severity measured as NaN", "NaN", "0.9", "alert", /Recorded only/, BY_LOAD],
    ["a severity that is no number", "high", "0.9", "alert", /Recorded only/, BY_LOAD],
    ["a severity below every rule", "0.1", "0.9", "alert", /Recorded only: none, as no severity rule matches/, BY_LOAD],
    [
      "a condition that is unknown",
      "",
      "0.9",
      "ended",
      /change: if: facts.load > 0.5: /,
      { more: ", if: facts.load > 0.5" },
    ],
    ["a condition on NaN", "NaN", "0.9", "ended", /change: if: facts.load > 0.5: /, { more: ", if: facts.load > 0.5" }],
    [
      "a condition that does not hold",
      "0.2",
      "0.9",
      "said",
      /change skipped: if: facts.load > 0.5 is false/,
      { more: ", if: facts.load > 0.5" },
    ],
    [
      "an unknown branch",
      "",
      "0.9",
      "ended",
      /tree: when: facts.load > 0.5/,
      { steps: "{ id: tree, switch: [{ when: facts.load > 0.5, steps: [STEP] }] }" },
    ],
    [
      "no branch holds",
      "0.1",
      "0.9",
      "said",
      /tree: took none/,
      { steps: "{ id: tree, switch: [{ when: facts.load > 0.5, steps: [STEP] }] }" },
    ],
    [
      "an input that cannot be rendered",
      "",
      "0.9",
      "ended",
      /change: with: /,
      { to: `'thing:litellm', value: '\${{ facts.load }}'` },
    ],
    [
      "rounds over an unknown list",
      "",
      "0.9",
      "ended",
      /rounds: items: /,
      { steps: `{ id: rounds, for-each: '\${{ [facts.load] }}', as: share, steps: [STEP] }` },
    ],
  ),
  ...rows("truncated", ["the source left alerts out", 3, 0, "waits", /truncated/]),
  ...rows(
    "before",
    ["the same body again is nothing new", first(fires, pass(1)), nothing, "alert", /matching playbooks: respond/],
    ["a late duplicate of what has ended", first(firesLate, ends), nothing, "waits", /doubtful/, { status: "firing" }],
    ["an alert that flaps", flaps(2), nothing, "waits", /flapping/],
  ),
];
