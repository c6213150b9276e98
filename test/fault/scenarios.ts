import type { RunEventType } from "../../src/core/run/events.ts";
import type { House } from "./support/house.ts";
import { type Act, answer, approve, cancel, complete, nobody, reject, resolve } from "./support/people.ts";

/** A playbook, what people do meanwhile, and what must come of it however often its workers die. */
export type Scenario = {
  playbook: string;
  /** One look by people; repeated until everything has settled. */
  people: Act;
  prepare?(house: House): void;
  /** State of the run that the alert started, when nothing is left in doubt. */
  ends: string;
  /** What reaches the systems, in order; never more. */
  effects: readonly string[];
  /** Where a crash leaves an outcome that nobody can know; the run asks then. */
  doubts?: readonly `${"before" | "after"} ${RunEventType}`[];
  /** Boundaries tried; all when absent. The others are those of an earlier scenario. */
  only?: readonly RunEventType[];
  /** Events that this scenario is there for. */
  shows: readonly RunEventType[];
};

const HEAD = (target: string, autonomy: string) => `name: respond
match: ['service != ""']
target: ${target}
autonomy: { P1: ${autonomy} }
on-failure: [escalate]
`;
const GATEWAY = "settings:gateway";
const shed = (id: string, value: string, more = "") =>
  `{ id: ${id}, uses: settings.set, with: { connection: gateway, name: SHED_RATE, value: ${value} }${more} }`;
const playbook = (target: string, rest: string, autonomy = "auto") => HEAD(target, autonomy) + rest;
const CALLS: readonly RunEventType[] = ["intent", "started", "outcome"];

/** Every kind of block, every action that changes something, and every way in which people and alerts come between. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "settings.set over HTTP with a lease and a verification": {
    playbook: playbook(
      GATEWAY,
      `steps:
  - ${shed("shed", "0.2", ", lease: { for: 3s }")}
verify:
  checks: [{ uses: http.check, with: { connection: gateway, path: /health }, expect: ok }]
  every: 1s
  hold: 1s
  within: 60s
`,
    ),
    people: nobody,
    ends: "succeeded",
    effects: ["SHED_RATE 0.2", "SHED_RATE 0"],
    shows: ["created", "intent", "outcome", "verifying", "checked", "ended"],
  },
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
  "switch, parallel, wait and a condition on a fact": {
    playbook: playbook(
      GATEWAY,
      `steps:
  - id: look
    parallel:
      - { id: health, uses: http.check, with: { connection: gateway, path: /health } }
      - { id: former, uses: settings.get, with: { connection: gateway, name: SHED_RATE } }
  - { id: pause, wait: 1s }
  - id: tree
    switch:
      - { when: facts.load < 0.5, steps: [${shed("low", "0.1")}] }
      - { when: steps.health.output.ok, steps: [${shed("high", "0.3")}] }
  - { id: never, if: facts.load < 0.1, uses: settings.set, with: { connection: gateway, name: SHED_RATE, value: 0.5 } }
`,
    ),
    prepare: ({ prometheus }) => prometheus.results.set("load", [{ value: "0.9" }]),
    people: nobody,
    ends: "succeeded",
    effects: ["SHED_RATE 0.3"],
    shows: ["branched", "waiting", "facts", "skipped"],
  },
  "for-each with wait and verify, whose second round fails and is undone": {
    playbook: playbook(
      GATEWAY,
      `steps:
  - id: restore
    for-each: [0.1, 0.4]
    as: share
    steps: [${shed("share", `"\${{ share }}"`)}]
    wait: 1s
    verify:
      checks: [{ uses: settings.get, with: { connection: gateway, name: SHED_RATE }, expect: value < 0.3 }]
      every: 1s
      hold: 0s
      within: 1s
`,
    ),
    people: nobody,
    ends: "failed",
    effects: ["SHED_RATE 0.1", "SHED_RATE 0.4", "SHED_RATE 0.1"],
    shows: ["rounds", "round", "reverting"],
  },
  "an approval that is granted": {
    playbook: playbook(
      GATEWAY,
      `steps: [${shed("shed", "0.2")}]
`,
      "approve",
    ),
    people: approve,
    ends: "succeeded",
    effects: ["SHED_RATE 0.2"],
    shows: ["asked", "granted", "inbox"],
  },
  "an approval that is refused": {
    playbook: playbook(
      GATEWAY,
      `steps: [${shed("shed", "0.2")}]
`,
      "approve",
    ),
    people: reject,
    ends: "cancelled",
    effects: [],
    only: ["refused", "inbox", "ended"],
    shows: ["refused"],
  },
  "human.task before a change": {
    playbook: playbook(
      GATEWAY,
      `steps:
  - { id: look, uses: human.task, with: { ask: look at the racks }, timeout: 2m }
  - ${shed("shed", "0.2")}
`,
    ),
    people: complete,
    ends: "succeeded",
    effects: ["SHED_RATE 0.2"],
    only: CALLS,
    shows: ["started"],
  },
  "a person cancels after a change": {
    playbook: playbook(
      GATEWAY,
      `steps:
  - ${shed("shed", "0.2")}
  - { id: pause, wait: 10m }
  - ${shed("again", "0.3")}
`,
    ),
    people: cancel,
    ends: "cancelled",
    effects: ["SHED_RATE 0.2"],
    only: ["waiting", "cancelling", "ended"],
    shows: ["cancelling"],
  },
  "the alert resolves after a change": {
    playbook: playbook(
      GATEWAY,
      `steps:
  - ${shed("shed", "0.2")}
  - { id: pause, wait: 5s }
  - ${shed("again", "0.3")}
`,
    ),
    people: resolve,
    ends: "succeeded",
    effects: ["SHED_RATE 0.2"],
    only: ["resolved", "ended"],
    shows: ["resolved"],
  },
  "an outcome that only a person knows": {
    playbook: playbook(
      "http:gateway",
      `steps:
  - { id: reset, uses: http.request, with: { connection: gateway, path: /echo, timeoutSeconds: 1 } }
`,
    ),
    prepare: ({ gateway }) => gateway.fail({ kind: "hang-after" }, { on: /echo/ }),
    people: answer,
    ends: "succeeded",
    effects: ["echo"],
    only: ["unknown", "answered", "ended"],
    shows: ["unknown", "answered"],
  },
};
