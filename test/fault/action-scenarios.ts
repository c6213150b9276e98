import { newConfigMap } from "../stubs/kubernetes-world.ts";
import { nobody } from "./support/people.ts";
import { CALLS, playbook, type Scenario } from "./support/scenario.ts";

const ROUTER = "k8s:prod/primarch/deployment/litellm-router";

/** One per action that changes something, and per kind of target where the call differs. */
export const ACTION_SCENARIOS: Readonly<Record<string, Scenario>> = {
  "settings.set in Redis": {
    playbook: playbook(
      "settings:cache",
      `steps:
  - { id: limit, uses: settings.set, with: { connection: cache, name: LIMIT, value: 7 } }
`,
    ),
    people: nobody,
    ends: "succeeded",
    effects: ["set setting:LIMIT"],
    only: CALLS,
    shows: [],
  },
  "http.request that the target deduplicates": {
    playbook: playbook(
      "http:gateway",
      `steps:
  - { id: reset, uses: http.request, with: { connection: gateway, path: /admin/reset, idempotent: true } }
`,
    ),
    people: nobody,
    ends: "succeeded",
    effects: ["reset"],
    only: CALLS,
    shows: [],
  },
  "http.request that nothing deduplicates": {
    playbook: playbook(
      "http:gateway",
      `steps:
  - { id: reset, uses: http.request, with: { connection: gateway, path: /echo } }
`,
    ),
    people: nobody,
    ends: "succeeded",
    effects: ["echo"],
    doubts: ["after intent", "before outcome"],
    only: CALLS,
    shows: [],
  },
  "ecs.redeploy": {
    playbook: playbook(
      "ecs:prod/litellm",
      `steps:
  - { id: redeploy, uses: ecs.redeploy, with: { cluster: prod, service: litellm }, timeout: 2m }
`,
    ),
    people: nobody,
    ends: "succeeded",
    effects: ["UpdateService prod/litellm"],
    doubts: ["after intent"],
    only: CALLS,
    shows: ["started"],
  },
  "k8s.rollout-restart": {
    playbook: playbook(
      "k8s:prod/primarch/deployment/litellm-router",
      `steps:
  - { id: restart, uses: k8s.rollout-restart, with: { name: litellm-router }, timeout: 2m }
`,
    ),
    people: nobody,
    ends: "succeeded",
    effects: ["patch litellm-router"],
    only: CALLS,
    shows: ["started"],
  },
  ...single("ecs.scale", "ecs:prod/litellm", "cluster: prod, service: litellm, desired: '+1', max: 4", {
    effects: ["UpdateService prod/litellm"],
    doubts: ["after intent"],
  }),
  ...single("ecs.set-env", "ecs:prod/litellm", "cluster: prod, service: litellm, env: MAX_BATCH_SIZE, value: '16'", {
    effects: ["UpdateService prod/litellm"],
    doubts: ["after intent"],
  }),
  ...setting("flags", "k8s:prod/primarch/configmap/flags", "name: SHED_RATE, value: 0.2", {
    prepare: ({ kubernetes }) => void kubernetes.configMaps.set("flags", newConfigMap("flags", { SHED_RATE: "0" })),
    effects: ["patch flags"],
  }),
  ...setting("pods", ROUTER, "name: MAX_BATCH_SIZE, value: 16", { effects: ["patch litellm-router"] }),
  ...setting("tasks", "ecs:prod/litellm", "name: MAX_BATCH_SIZE, value: 16", {
    effects: ["UpdateService prod/litellm"],
    doubts: ["after intent"],
  }),
  ...single("k8s.scale", ROUTER, "name: litellm-router, replicas: '+1', max: 4", { effects: ["patch scale"] }),
  ...single("k8s.set-env", ROUTER, "name: litellm-router, env: MAX_BATCH_SIZE, value: '16'", {
    effects: ["patch litellm-router"],
  }),
  ...single(
    "k8s.patch-configmap",
    "k8s:prod/primarch/configmap/router",
    "name: router, key: routes.yaml, changes: [{ path: [weight], value: 0 }]",
    {
      prepare: ({ kubernetes }) =>
        void kubernetes.configMaps.set("router", newConfigMap("router", { "routes.yaml": "weight: 100\n" })),
      effects: ["patch router"],
    },
  ),
  "alertmanager.silence with a lease": {
    playbook: playbook(
      "alertmanager:main",
      `steps:
  - id: silence
    uses: alertmanager.silence
    with: { matchers: [{ name: alertname, value: Down }], minutes: 5, comment: restarting }
    lease: { for: 2s }
`,
    ),
    people: nobody,
    ends: "succeeded",
    effects: ["silence created", "silence expired"],
    doubts: ["after intent"],
    only: CALLS,
    shows: [],
  },
};

type Rest = Pick<Scenario, "effects"> & Partial<Pick<Scenario, "doubts" | "prepare">>;

/** The same for a setting, under the name of its connection. */
function setting(connection: string, target: string, input: string, rest: Rest): Record<string, Scenario> {
  const [scenario] = Object.values(single("settings.set", target, `connection: ${connection}, ${input}`, rest));
  return scenario ? { [`settings.set in ${connection}`]: scenario } : {};
}

/** A playbook of one step, under its action's name. */
function single(uses: string, target: string, input: string, rest: Rest): Record<string, Scenario> {
  const text = playbook(target, `steps:\n  - { id: act, uses: ${uses}, with: { ${input} }, timeout: 2m }\n`);
  return { [uses]: { playbook: text, people: nobody, ends: "succeeded", only: CALLS, shows: [], ...rest } };
}
