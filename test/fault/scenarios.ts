import { ACTION_SCENARIOS } from "./action-scenarios.ts";
import { answer, approve, cancel, complete, nobody, reject, resolve } from "./support/people.ts";
import { CALLS, GATEWAY, playbook, type Scenario, shed } from "./support/scenario.ts";

/** Every kind of block, every action that changes something, and every way in which people and alerts come between. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  ...ACTION_SCENARIOS,
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
      within: 3s
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
