import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsOf, load, MINIMAL } from "./samples.ts";

const PLACES = `${MINIMAL}connections:
  kubernetes: { primarch: { context: prod, namespace: primarch }, bare: { context: prod } }
  ecs: { poc: { region: us-west-1 } }
`;
const SHED = "allow: { SHED_RATE: { type: number, min: 0, max: 0.5 } }";

const faults = (settings: string) => faultsOf(`${PLACES}  settings: { gateway: ${settings} }\n`);

test("settings live in a ConfigMap, in a Deployment's environment or in that of an ECS service", () => {
  const { settings } = load(`${PLACES}  settings:
    map: { kind: configmap, kubernetes: primarch, name: gateway-settings, ${SHED} }
    pods: { kind: deployment-env, kubernetes: primarch, deployment: litellm-router, container: router, ${SHED} }
    tasks: { kind: ecs-env, ecs: poc, cluster: prod, service: litellm, ${SHED} }
`).connections;
  const allow = { SHED_RATE: { type: "number", min: 0, max: 0.5 } };
  assert.deepEqual(settings, {
    map: { kind: "configmap", kubernetes: "primarch", name: "gateway-settings", allow },
    pods: { kind: "deployment-env", kubernetes: "primarch", deployment: "litellm-router", container: "router", allow },
    tasks: { kind: "ecs-env", ecs: "poc", cluster: "prod", service: "litellm", allow },
  });
});

test("faults of settings have their place", () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    [
      "{ kind: configmap, kubernetes: primarch, name: a, allow: { A: { type: number, min: 5, max: 1 } } }",
      /gateway.allow.A.min: min is above max/,
    ],
    [`{ kind: configmap, kubernetes: primarch, name: a }`, /:7:\d+ connections.settings.gateway.allow: /],
    [`{ kind: configmap, kubernetes: primarch, name: A_b, ${SHED} }`, /gateway.name: expected a name of Kubernetes/],
    [`{ kind: configmap, kubernetes: primarch, name: a, key: b, ${SHED} }`, /:7:\d+ .*gateway.key: unknown key/],
    [`{ kind: configmap, kubernetes: primarch, name: a, allow: { "a b": { type: boolean } } }`, /expected a key of a/],
    [`{ kind: configmap, kubernetes: gone, name: a, ${SHED} }`, /there is no connection kubernetes.gone/],
    [
      `{ kind: deployment-env, kubernetes: bare, deployment: a, ${SHED} }`,
      /gateway.kubernetes: the connection kubernetes.bare has no namespace, which settings need/,
    ],
    [`{ kind: deployment-env, kubernetes: primarch, ${SHED} }`, /gateway.deployment: /],
    [
      `{ kind: deployment-env, kubernetes: primarch, deployment: a, allow: { 1A: { type: boolean } } }`,
      /allow.1A: expected the name of an environment variable/,
    ],
    [
      `{ kind: ecs-env, ecs: poc, cluster: a, service: b, allow: { OPENAI_API_KEY: { type: string } } }`,
      /:7:\d+ .*allow.OPENAI_API_KEY: it looks like a secret/,
    ],
    [`{ kind: ecs-env, ecs: gone, cluster: a, service: b, ${SHED} }`, /gateway.ecs: there is no connection ecs.gone/],
    [`{ kind: ecs-env, ecs: poc, cluster: "a b", service: b, ${SHED} }`, /gateway.cluster: expected a name or an ARN/],
    [`{ kind: cupboard, ${SHED} }`, /gateway.kind: /],
  ];
  for (const [settings, expected] of rows) {
    const found = faults(settings);
    assert.equal(found.length, 1, `${settings}: ${found.join("; ")}`);
    assert.match(found.join(), expected);
  }
});
