import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { SCOPE } from "../cel/samples.ts";
import { faultsOf, parse, withSteps } from "./samples.ts";

const FULL = `name: full
description: Everything at once.
runbook: https://runbooks.example.com/x
owner: platform
match: ['alertname = "X"', 'service =~ "litellm.*"']
severity: [P0, P1]
priority: 50
vars:
  cluster: \${{ label("cluster", "poc") }}
  twice: \${{ vars.limit * 2 }}
  where: ecs:\${{ vars.cluster }}
  rounds: [10, 25]
target: \${{ vars.where }}/\${{ alert.labels.service }}
also-targets: ['redis:\${{ vars.cluster }}']
autonomy: { P0: auto, P1: approve }
approval: { group: oncall, required: 2, requester-may-approve: false, expires: 10m, valid-for: 5m, on-expiry: deny }
limits: { cooldown: 15m, budget: [{ runs: 2, per: 1h }, { runs: 5, per: 24h }] }
steps:
  - id: probe
    name: Ask
    uses: prometheus.query
    with: { query: 'up{job="\${{ label("service") }}"}' }
    timeout: 10s
    retry: { attempts: 3, delay: 2s, backoff: constant }
    continue-on-error: true
  - id: cause
    switch:
      - when: steps.probe.output.value > 0.5
        steps:
          - { id: redeploy, if: facts.cpu < 0.9, uses: ecs.redeploy, with: { cluster: '\${{ vars.cluster }}', service: x } }
      - when: true
        steps: [{ id: cool, wait: 60s }]
    default:
      - { id: reads, parallel: [{ id: a, uses: http.check }, { id: b, uses: http.check, with: { path: /b } }] }
  - id: restore
    for-each: \${{ vars.rounds }}
    as: percent
    steps:
      - id: weight
        uses: settings.set
        with: { name: WEIGHT, value: '\${{ percent }}' }
        group: weights
        approval: { ask-unless: facts.cpu < 0.5, required: 2 }
        lease:
          until: now + duration("2h")
          release-when: ['facts.cpu < 0.50', 'steps.weight.output.former > 1']
          bake: 5m
          then: revert
    wait: 15m
    verify:
      checks: [{ uses: prometheus.query, with: { query: up }, expect: value > percentless || value < 1 }]
      hold: 1m
verify:
  checks:
    - uses: prometheus.query
      with: { query: errors }
      expect: value < 0.01 && state == "value"
      min-samples: { query: 'count{s="\${{ alert.labels.service }}"}', at-least: 50 }
  every: 10s
  hold: 1m
  within: 5m
on-failure: [revert, escalate]
on: firing
`.replace("value > percentless || ", "");

test("a playbook with every key becomes what it says", () => {
  const playbook = parse(FULL);
  assert.deepEqual(
    [playbook.name, playbook.description, playbook.owner, playbook.priority, playbook.severity, playbook.autonomy],
    ["full", "Everything at once.", "platform", 50, ["P0", "P1"], { P0: "auto", P1: "approve" }],
  );
  assert.deepEqual(playbook.approval, {
    group: "oncall",
    required: 2,
    requesterMayApprove: false,
    expires: 600_000,
    validFor: 300_000,
    onExpiry: "deny",
  });
  assert.deepEqual(playbook.limits, {
    cooldown: 900_000,
    budget: [
      { runs: 2, per: 3_600_000 },
      { runs: 5, per: 86_400_000 },
    ],
  });
  assert.deepEqual(playbook.onFailure, ["revert", "escalate"]);
  assert.deepEqual([playbook.verify?.every, playbook.verify?.hold, playbook.verify?.within], [10_000, 60_000, 300_000]);
  assert.equal(playbook.verify?.checks[0]?.minSamples?.atLeast, 50);
  assert.equal(playbook.match[1]?.test({ service: "litellm-2" }), true);
  assert.equal(playbook.digest, createHash("sha256").update(FULL).digest("hex"));
  assert.deepEqual([playbook.file, playbook.text], ["p.yaml", FULL]);
});

test("steps and blocks keep their order, their keys and their defaults", () => {
  const [probe, cause, restore] = parse(FULL).steps;
  assert.ok(probe?.kind === "action" && cause?.kind === "switch" && restore?.kind === "for-each");
  assert.deepEqual(
    [probe.timeout, probe.retry, probe.continueOnError, probe.name],
    [10_000, { attempts: 3, delay: 2_000, backoff: "constant" }, true, "Ask"],
  );
  assert.deepEqual(
    cause.cases.map((one) => one.steps.map((step) => step.id)),
    [["redeploy"], ["cool"]],
  );
  const [redeploy] = cause.cases[0]?.steps ?? [];
  assert.ok(redeploy?.kind === "action");
  assert.deepEqual([redeploy.timeout, redeploy.retry.attempts, redeploy.if?.reads], [300_000, 1, ["cpu"]]);
  const [reads] = cause.default;
  assert.deepEqual(reads?.kind === "parallel" ? reads.steps.map((step) => step.id) : [], ["a", "b"]);
  assert.deepEqual([restore.as, restore.wait, restore.verify?.hold], ["percent", 900_000, 60_000]);
  const [weight] = restore.steps;
  assert.ok(weight?.kind === "action");
  assert.deepEqual(
    [weight.group, weight.approval?.required, weight.approval?.askUnless?.reads],
    ["weights", 2, ["cpu"]],
  );
  assert.deepEqual(
    [weight.lease?.bake, weight.lease?.onEnd, weight.lease?.releaseWhen.length],
    [300_000, { kind: "revert" }, 2],
  );
  assert.deepEqual(weight.lease?.until?.render(SCOPE), { known: true, value: SCOPE.now + 7_200_000 });
});

test("vars of stanch.yaml come first, each var sees those before it, and templates render", () => {
  const playbook = parse(FULL);
  const vars: Record<string, unknown> = {};
  for (const [name, template] of Object.entries(playbook.vars)) {
    const rendered = template.render({ ...SCOPE, vars });
    vars[name] = rendered.known ? rendered.value : rendered.why;
  }
  assert.deepEqual(vars, {
    region: "us-west-1",
    limit: 3,
    cluster: "poc",
    twice: 6,
    where: "ecs:poc",
    rounds: [10, 25],
  });
  assert.deepEqual(playbook.target.render({ ...SCOPE, vars }), { known: true, value: "ecs:poc/litellm" });
  const restore = playbook.steps[2];
  assert.ok(restore?.kind === "for-each");
  assert.deepEqual(restore.items.render({ ...SCOPE, vars }), { known: true, value: [10, 25] });
  const [weight] = restore.steps;
  assert.ok(weight?.kind === "action");
  assert.deepEqual(weight.with.render({ ...SCOPE, vars, item: { percent: 25 } }), {
    known: true,
    value: { name: "WEIGHT", value: 25 },
  });
});

test("a var of the playbook replaces the one of stanch.yaml", () => {
  const playbook = parse(withSteps("- { id: a, uses: http.check }", `vars: { first: x, limit: '\${{ vars.first }}' }`));
  assert.deepEqual(Object.keys(playbook.vars), ["region", "first", "limit"]);
});

test("what is left out has a safe default", () => {
  const playbook = parse(withSteps("- { id: a, uses: http.check }"));
  assert.deepEqual(
    [
      playbook.description,
      playbook.severity,
      playbook.autonomy,
      playbook.on,
      playbook.limits,
      playbook.verify,
      playbook.onFailure,
    ],
    ["", ["P0", "P1", "P2"], {}, "firing", { budget: [] }, undefined, ["revert", "next-playbook", "escalate"]],
  );
});

test("a playbook that people start needs no matcher", () => {
  assert.deepEqual(parse("name: m\ntarget: redis:x\non: manual\nsteps: [{ id: a, uses: http.check }]\n").match, []);
});

test("an expression may be wrapped like in a GitHub workflow", () => {
  const [step] = parse(withSteps(`- { id: a, if: '\${{ facts.cpu > 0.5 }}', uses: http.check }`)).steps;
  assert.deepEqual(step?.if?.test(SCOPE), { known: true, value: true });
  assert.deepEqual(faultsOf(withSteps(`- { id: a, if: '\${{ facts.cp > 0.5 }}', uses: http.check }`)), [
    "p.yaml:5:29 steps[0].if: there is no fact cp; did you mean cpu?",
  ]);
});
