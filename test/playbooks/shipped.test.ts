import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { actions } from "../../src/actions/index.ts";
import type { ActionResult } from "../../src/core/action.ts";
import type { Connections } from "../../src/core/connection.ts";
import { actionSteps } from "../../src/core/playbook/check-veto.ts";
import type { Scope } from "../../src/core/scope.ts";
import { stateKind } from "../../src/flow/run-view.ts";
import { scripted } from "../support/scripted.ts";
import { shipped, shippedPlaybooks, worldOf } from "./shipped.ts";

const MINUTE = 60_000;

const CONNECTIONS: Connections = {
  find: (kind, name) => ({
    kind,
    name: name ?? "main",
    settings: (kind === "settings" ? { kind: "http" } : {}) as never,
    identity: kind === "kubernetes" ? "prod" : kind === "ecs" ? "" : "gateway",
    use: (make) => make(),
  }),
};

describe("every shipped playbook", () => {
  const labels = { service: "litellm", cluster: "poc", namespace: "primarch", deployment: "litellm-router" };
  const scope = (vars: Scope["vars"]): Scope => ({
    alert: { labels, annotations: {}, status: "firing", startsAt: 0, fingerprint: "f" },
    alerts: [],
    incident: { id: "i", key: "k", severity: "P0", opening: 1, labels },
    facts: {},
    vars,
    steps: {},
    target: "",
    now: 0,
  });

  for (const playbook of shippedPlaybooks()) {
    test(`${playbook.name} declares the targets that its steps touch`, () => {
      const vars: Record<string, unknown> = {};
      for (const [name, template] of Object.entries(playbook.vars)) {
        const rendered = template.render(scope(vars));
        assert.ok(rendered.known);
        vars[name] = rendered.value;
      }
      const target = playbook.target.render(scope(vars));
      assert.ok(target.known);
      for (const step of actionSteps(playbook.steps)) {
        const action = actions.get(step.uses);
        const input = step.with.render(scope(vars));
        assert.ok(action && input.known);
        const touched = action.targets(input.value, CONNECTIONS);
        assert.deepEqual(touched, action.effect === "read" ? [] : [target.value]);
      }
    });

    test(`${playbook.name} measures recovery, has an owner, a runbook, a cooldown and a budget`, () => {
      assert.ok(playbook.verify && playbook.verify.checks.length > 0);
      assert.ok(playbook.owner && playbook.runbook && playbook.description);
      assert.ok(playbook.limits.cooldown && playbook.limits.budget.length > 0);
    });
  }
});

describe("litellm-ecs-high-error-rate", () => {
  const target = "ecs:kong-llm-gateway-poc/a";
  const play = (running: number, share: number | null, deploying = false) =>
    worldOf(shipped("litellm-ecs-high-error-rate"), target, {
      "ecs.describe-service": () => ({ running, desired: 2, deploying }),
      "ecs.describe-tasks": () => ({ count: 1, tasks: [] }),
      "ecs.redeploy": () => ({ deploymentId: "new" }),
      "prometheus.query": ({ query }) => ({
        value: String(query).includes("502") ? share : String(query).includes("increase") ? 500 : 0.001,
      }),
    });

  test("redeploys once when tasks are missing, and succeeds when the rate has fallen for 2 minutes", async () => {
    const { world, calls } = play(1, null);
    const id = await world.open("litellm-ecs-high-error-rate");
    await world.pass(MINUTE);
    assert.deepEqual(
      calls.get("ecs.redeploy")?.calls.map((call) => call.input),
      [{ cluster: "kong-llm-gateway-poc", service: "a" }],
    );
    assert.equal(stateKind(await world.run(id)), "verifying");
  });

  test("redeploys when the gateway itself fails", async () => {
    const { world, calls } = play(2, 0.1);
    const id = await world.open("litellm-ecs-high-error-rate");
    await world.pass(10 * MINUTE);
    assert.equal(calls.get("ecs.redeploy")?.calls.length, 1);
    assert.equal(stateKind(await world.run(id)), "succeeded");
  });

  test("leaves a healthy service alone when the provider is the cause", async () => {
    const { world, calls } = play(2, 0.9);
    await world.open("litellm-ecs-high-error-rate");
    await world.pass(20 * MINUTE);
    assert.equal(calls.get("ecs.redeploy")?.calls.length, 0);
  });

  test("leaves a deployment that is under way alone, and measures what comes of it", async () => {
    for (const share of [0.1, null]) {
      const { world, calls } = play(1, share, true);
      const id = await world.open("litellm-ecs-high-error-rate");
      await world.pass(MINUTE);
      assert.equal(stateKind(await world.run(id)), "verifying");
      await world.pass(20 * MINUTE);
      assert.equal(calls.get("ecs.redeploy")?.calls.length, 0);
    }
  });

  test("does nothing when the cause cannot be measured", async () => {
    const { world, calls } = play(2, null);
    const id = await world.open("litellm-ecs-high-error-rate");
    await world.pass(20 * MINUTE);
    assert.equal(calls.get("ecs.redeploy")?.calls.length, 0);
    assert.equal(stateKind(await world.run(id)), "failed");
  });

  test("asks at P1", async () => {
    const { world, calls } = play(1, 0.1);
    const id = await world.open("litellm-ecs-high-error-rate", { severity: "P1" });
    await world.pass(MINUTE);
    assert.equal(stateKind(await world.run(id)), "awaiting_approval");
    assert.equal(calls.get("ecs.redeploy")?.calls.length, 0);
  });
});

describe("llm-fallback-enable", () => {
  const play = (worst: number | null) => {
    const settings = new Map<unknown, unknown>([["FALLBACK_ENABLED", false]]);
    const made = worldOf(shipped("llm-fallback-enable"), "settings:gateway", {
      "settings.get": ({ name }) => ({ name, value: settings.get(name) }),
      "settings.set": ({ name, value }) => {
        const former = settings.get(name);
        settings.set(name, value);
        return { name, value, former, changed: former !== value };
      },
      "prometheus.query": ({ query }) => ({
        value: String(query).includes("provider") ? worst : String(query).includes("increase") ? 500 : 0.001,
      }),
    });
    return { ...made, settings };
  };

  test("enables the fallback and takes it back after two hours", async () => {
    const { world, settings } = play(0.4);
    const id = await world.open("llm-fallback-enable");
    await world.pass(10 * MINUTE);
    assert.equal(stateKind(await world.run(id)), "succeeded");
    assert.equal(settings.get("FALLBACK_ENABLED"), true);
    await world.pass(105 * MINUTE);
    assert.equal(settings.get("FALLBACK_ENABLED"), true);
    await world.pass(10 * MINUTE);
    assert.equal(settings.get("FALLBACK_ENABLED"), false);
  });

  for (const worst of [0.01, null]) {
    test(`changes nothing when the worst provider fails for ${worst}`, async () => {
      const { world, calls } = play(worst);
      await world.open("llm-fallback-enable");
      await world.pass(20 * MINUTE);
      assert.equal(calls.get("settings.set")?.calls.length, 0);
    });
  }
});

describe("llm-request-shedding", () => {
  test("never sheds less than somebody sheds already", async () => {
    for (const [present, state] of [
      [0.3, "verifying"],
      [null, "awaiting_approval"],
    ]) {
      const { world } = worldOf(shipped("llm-request-shedding"), "settings:gateway", {
        "prometheus.query": () => ({ value: 500 }),
        "settings.get": ({ name }) => ({ name, value: present }),
        "settings.set": ({ name, value }) => ({ name, value, former: present, changed: true }),
      });
      const id = await world.open("llm-request-shedding");
      await world.pass(MINUTE);
      assert.equal(stateKind(await world.run(id)), state);
    }
  });

  test("asks although it is P0, and drops nothing when nobody answers", async () => {
    const { world, calls } = worldOf(shipped("llm-request-shedding"), "settings:gateway", {
      "prometheus.query": () => ({ value: 40 }),
      "settings.get": ({ name }) => ({ name, value: 0 }),
      "settings.set": ({ name, value }) => ({ name, value, former: 0, changed: true }),
    });
    const id = await world.open("llm-request-shedding");
    await world.pass(MINUTE);
    assert.equal(stateKind(await world.run(id)), "awaiting_approval");
    await world.pass(15 * MINUTE);
    assert.equal(stateKind(await world.run(id)), "cancelled");
    assert.equal(calls.get("settings.set")?.calls.length, 0);
  });
});

describe("router-unresponsive", () => {
  const play = (ok: boolean, redis: boolean) =>
    worldOf(shipped("router-unresponsive"), "k8s:prod/primarch/deployment/litellm-router", {
      "http.check": () => ({ ok, state: ok ? "ok" : "unreachable", status: ok ? 200 : null, durationMs: 3 }),
      "redis.ping": () => {
        if (!redis) throw new Error("connection refused");
        return { reply: "PONG", durationMs: 1 };
      },
      "k8s.rollout-status": () => ({ state: "complete", available: 2, replicas: 2 }),
      "k8s.pod-status": () => ({ total: 2, ready: 0, restarts: 3 }),
      "k8s.pod-logs": () => ({ matched: 1, pods: 2, lines: [] }),
      "k8s.rollout-restart": () => ({ generation: 2 }),
    });

  const rows: readonly (readonly [string, boolean, boolean, number])[] = [
    ["restarts what does not answer while its Redis is well", false, true, 1],
    ["restarts nothing that answers", true, true, 0],
    ["restarts nothing when Redis is gone", false, false, 0],
  ];
  for (const [title, ok, redis, expected] of rows) {
    test(title, async () => {
      const { world, calls } = play(ok, redis);
      await world.open("router-unresponsive");
      await world.pass(MINUTE);
      assert.equal(calls.get("k8s.rollout-restart")?.calls.length, expected);
    });
  }

  test("keeps the state and the logs of the pods before it restarts them, and restarts them also without", async () => {
    const { world, calls } = play(false, true);
    const id = await world.open("router-unresponsive");
    await world.pass(MINUTE);
    assert.deepEqual(
      calls.get("k8s.pod-logs")?.calls.map(({ input }) => [input["selector"], input["previous"]]),
      [
        ["app=litellm-router", undefined],
        ["app=litellm-router", true],
      ],
    );
    assert.deepEqual([...(await world.run(id)).steps.keys()].slice(-2), ["crashed", "restart"]);
    const blind = play(false, true);
    const denied: ActionResult = { ok: false, reason: "denied", message: "no", retryable: false, sent: "refused" };
    for (const name of ["k8s.pod-status", "k8s.pod-logs"])
      scripted(blind.world.actions, name, { effect: "read", targets: () => [], answer: () => denied });
    await blind.world.open("router-unresponsive");
    await blind.world.pass(MINUTE);
    assert.equal(blind.calls.get("k8s.rollout-restart")?.calls.length, 1);
  });

  test("restarts nothing when its health could not be measured", async () => {
    const { world, calls } = play(false, true);
    const message = "checking router/health: the host name does not exist";
    const failed: ActionResult = { ok: false, reason: "not_configured", message, retryable: true, sent: "no" };
    scripted(world.actions, "http.check", { effect: "read", targets: () => [], answer: () => failed });
    const id = await world.open("router-unresponsive");
    await world.pass(MINUTE);
    assert.equal(calls.get("k8s.rollout-restart")?.calls.length, 0);
    assert.equal(stateKind(await world.run(id)), "failed");
  });
});
