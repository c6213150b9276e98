import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Actor } from "../../src/core/decision.ts";
import type { Incident } from "../../src/core/incident.ts";
import { type House, MINUTE, openHouse } from "./control/house.ts";
import { ACTS, alertOf, bodyOf, configText } from "./control/situation.ts";

const FAILS =
  "verify: { checks: [{ uses: test.measure, expect: 'value > 100.0' }], every: 10s, hold: 10s, within: 30s }";
const HOLDS = "verify: { checks: [{ uses: test.measure, expect: 'value > 0.0' }], every: 10s, hold: 10s, within: 2m }";

type Text = { match?: string; target?: string; more: string };

function playbook(name: string, { match = "Down.*", target = "thing:litellm", more }: Text): string {
  return `name: ${name}
match: ['alertname =~ "${match}"']
target: '${target}'
steps: [{ id: change, uses: test.change, with: { to: '\${{ target }}' } }]
${more}
`;
}

function house(...playbooks: readonly string[]): Promise<House> {
  return openHouse(configText(ACTS), playbooks);
}

async function fire(at: House, level: "critical" | "disaster", alertname = "Down"): Promise<void> {
  const alert = alertOf(ACTS);
  await at.send(bodyOf(at, { ...alert, labels: { ...alert.labels, alertname, severity: level } }));
}

async function runsOf(at: House): Promise<readonly string[]> {
  const runs = await at.runs();
  return runs.map(({ created, ended }) => `${created.playbook} ${created.severity} ${ended?.state ?? "under way"}`);
}

async function incident({ store }: House): Promise<Incident> {
  const doc = await store.get<Incident>("incident", "inc-1");
  assert.ok(doc);
  return doc.body;
}

async function called(at: House): Promise<readonly string[]> {
  return (await at.said("inc-1")).filter((text) => text.startsWith("a person is needed"));
}

describe("an observed run takes no rung", () => {
  test("the playbook below it acts", async () => {
    const at = await house(
      playbook("looks", { more: "priority: 90\nautonomy: { P1: observe }" }),
      playbook("acts", { more: "autonomy: { P1: auto }" }),
    );
    await fire(at, "critical");
    await at.pass(MINUTE);
    assert.deepEqual((await runsOf(at)).toSorted(), ["acts P1 succeeded", "looks P1 observed"]);
    assert.deepEqual(await called(at), []);
  });

  test("a person is called when nothing but observed playbooks match, once", async () => {
    const at = await house(playbook("looks", { more: "autonomy: { P1: observe }" }));
    await fire(at, "critical");
    await at.pass(5 * MINUTE);
    assert.deepEqual(await runsOf(at), ["looks P1 observed"]);
    assert.deepEqual(await called(at), ["a person is needed: no playbook is left for thing:litellm after looks"]);
  });
});

describe("a severity rise selects anew", () => {
  test("a playbook that only observed at the lower severity acts at the higher", async () => {
    const at = await house(playbook("both", { more: "autonomy: { P0: auto, P1: observe }" }));
    await fire(at, "critical");
    await at.pass(MINUTE);
    await fire(at, "disaster", "Down2");
    await at.pass(MINUTE);
    assert.deepEqual(await runsOf(at), ["both P1 observed", "both P0 succeeded"]);
  });

  test("one that observes at both is not planned again", async () => {
    const at = await house(playbook("looks", { more: "autonomy: { P0: observe, P1: observe }" }));
    await fire(at, "critical");
    await fire(at, "disaster", "Down2");
    await at.pass(5 * MINUTE);
    assert.deepEqual(await runsOf(at), ["looks P1 observed"]);
    assert.equal((await called(at)).length, 2, "once for each severity");
  });

  test("a ladder that was exhausted goes on with what matches now, and not with what has failed", async () => {
    const at = await house(
      playbook("fails", { more: `autonomy: { P0: auto, P1: auto }\n${FAILS}` }),
      playbook("worse", { more: "severity: [P0]\nautonomy: { P0: auto }" }),
    );
    await fire(at, "critical");
    await at.pass(2 * MINUTE);
    assert.notEqual((await incident(at)).escalatedAt, undefined);
    await fire(at, "disaster", "Down2");
    await at.pass(2 * MINUTE);
    assert.deepEqual(await runsOf(at), ["fails P1 failed", "worse P0 succeeded"]);
    assert.equal((await incident(at)).escalatedAt, undefined);
  });

  test("a run under way goes on; what matches the higher severity follows when it ends", async () => {
    const at = await house(
      playbook("asks", { more: "severity: [P1]\nautonomy: { P1: approve }" }),
      playbook("worse", { more: "severity: [P0]\nautonomy: { P0: auto }" }),
    );
    await fire(at, "critical");
    await fire(at, "disaster", "Down2");
    await at.pass(MINUTE);
    assert.deepEqual(await runsOf(at), ["asks P1 under way"]);
    const [approval = ""] = await at.pending();
    await at.decide({ verb: "reject", approval });
    await at.pass(MINUTE);
    assert.deepEqual(await runsOf(at), ["asks P1 cancelled", "worse P0 succeeded"]);
  });

  test("what a person has rejected is not tried again", async () => {
    const at = await house(playbook("asks", { more: "autonomy: { P0: auto, P1: approve }" }));
    await fire(at, "critical");
    const [approval = ""] = await at.pending();
    await at.decide({ verb: "reject", approval });
    await at.pass(MINUTE);
    await fire(at, "disaster", "Down2");
    await at.pass(MINUTE);
    assert.deepEqual(await runsOf(at), ["asks P1 cancelled"]);
  });

  test("one whose change was left out at the lower severity makes it at the higher, once", async () => {
    const worse = 'if: incident.severity == "P0"';
    for (const more of ["", HOLDS]) {
      const text = playbook("both", { more: `autonomy: { P0: auto, P1: auto }\n${more}` });
      const at = await house(text.replace("uses: test.change", `${worse}, uses: test.change`));
      await fire(at, "critical");
      await at.pass(2 * MINUTE);
      assert.deepEqual([await runsOf(at), at.calls.length], [["both P1 succeeded"], 0]);
      await fire(at, "disaster", "Down2");
      await at.pass(5 * MINUTE);
      assert.deepEqual([await runsOf(at), at.calls.length], [["both P1 succeeded", "both P0 succeeded"], 1]);
    }
  });

  test("what was mitigated is open again, and its playbook is not repeated", async () => {
    const at = await house(
      playbook("helps", { more: `autonomy: { P0: auto, P1: auto }\n${HOLDS}` }),
      playbook("worse", { more: `severity: [P0]\nautonomy: { P0: auto }\n${HOLDS}` }),
    );
    await fire(at, "critical");
    await at.pass(MINUTE);
    assert.equal((await incident(at)).status, "mitigated");
    await fire(at, "disaster", "Down2");
    assert.equal((await incident(at)).status, "open");
    await at.pass(2 * MINUTE);
    assert.deepEqual(await runsOf(at), ["helps P1 succeeded", "worse P0 succeeded"]);
    assert.equal((await incident(at)).status, "mitigated");
  });
});

describe("every target has its own ladder", () => {
  const a = { match: "DownA", target: "thing:a" };
  const b = { match: "DownB", target: "thing:b" };
  const wait = (text: string) => text.replace("steps: [", "steps: [{ id: w, wait: 2m }, ");

  test("one that is exhausted does not end another's, and people are called loudly once", async () => {
    const at = await house(
      playbook("a1", { ...a, more: `autonomy: { P1: auto }\n${FAILS}` }),
      wait(playbook("b1", { ...b, more: `priority: 9\nautonomy: { P1: auto }\n${FAILS}` })),
      playbook("b2", { ...b, more: `autonomy: { P1: auto }\n${FAILS}` }),
    );
    await fire(at, "critical", "DownA");
    await fire(at, "critical", "DownB");
    await at.pass(10 * MINUTE);
    assert.deepEqual((await runsOf(at)).toSorted(), ["a1 P1 failed", "b1 P1 failed", "b2 P1 failed"]);
    assert.deepEqual(await called(at), ["a person is needed: no playbook is left for thing:a after a1"]);
    assert.equal(
      (await at.said("inc-1")).filter((text) => text === "no playbook is left for thing:b after b1, b2").length,
      1,
    );
  });

  test("an alert that joins after the escalation gets its own playbook, on a new target and on the same", async () => {
    const at = await house(
      playbook("a1", { ...a, more: `autonomy: { P1: auto }\n${FAILS}` }),
      playbook("b1", { ...b, more: "autonomy: { P1: auto }" }),
      playbook("a2", { match: "DownC", target: "thing:a", more: "autonomy: { P1: auto }" }),
    );
    await fire(at, "critical", "DownA");
    await at.pass(2 * MINUTE);
    assert.equal((await called(at)).length, 1);
    await fire(at, "critical", "DownB");
    await fire(at, "critical", "DownC");
    await at.pass(2 * MINUTE);
    assert.deepEqual((await runsOf(at)).toSorted(), ["a1 P1 failed", "a2 P1 succeeded", "b1 P1 succeeded"]);
  });

  test("after a person's cancel only an alert that joins later brings its own playbook", async () => {
    const at = await house(
      playbook("a1", { ...a, more: "priority: 9\nautonomy: { P1: approve }" }),
      playbook("a2", { ...a, more: "autonomy: { P1: auto }" }),
      playbook("a3", { match: "DownC", target: "thing:a", more: "autonomy: { P1: auto }" }),
    );
    await fire(at, "critical", "DownA");
    const [run] = await at.runs();
    const ben: Actor = { name: "slack:U0AB12CD3", via: "slack", role: "operator", slackUser: "U0AB12CD3" };
    await at.decide({ verb: "cancel", run: run?.created.id ?? "", reason: "no: it is a drill" }, ben);
    await at.pass(MINUTE);
    await fire(at, "critical", "DownC");
    await at.pass(5 * MINUTE);
    assert.deepEqual(await runsOf(at), ["a1 P1 cancelled", "a3 P1 succeeded"]);
    const [call = "", ...more] = await called(at);
    assert.match(call, /a1 on thing:a was cancelled by slack:U0AB12CD3 \(slack\), and no other playbook follows$/);
    assert.deepEqual(more, [], "who is on call is told once that nothing follows");
  });

  test("the incident is mitigated only when no target still waits for its approval", async () => {
    const at = await house(
      playbook("a1", { ...a, more: `autonomy: { P1: auto }\n${HOLDS}` }),
      playbook("b1", { ...b, more: `autonomy: { P1: approve }\n${HOLDS}` }),
    );
    await fire(at, "critical", "DownA");
    await fire(at, "critical", "DownB");
    await at.pass(5 * MINUTE);
    assert.equal((await incident(at)).status, "open");
    const [approval = ""] = await at.pending();
    await at.decide({ verb: "approve", approval });
    await at.pass(2 * MINUTE);
    assert.equal((await incident(at)).status, "mitigated");
  });
});

describe("on-failure", () => {
  for (const [list, follows] of [
    ["[revert]", false],
    ["[escalate]", false],
    ["[]", false],
    ["[next-playbook, escalate]", true],
    ["[next-playbook]", true],
  ] as const) {
    test(`${list}: ${follows ? "another playbook follows" : "no other playbook follows, a person is called"}`, async () => {
      const at = await house(
        playbook("first", { more: `priority: 9\nautonomy: { P1: auto }\non-failure: ${list}\n${FAILS}` }),
        playbook("second", { more: "autonomy: { P1: auto }" }),
      );
      await fire(at, "critical");
      await at.pass(3 * MINUTE);
      assert.deepEqual(await runsOf(at), follows ? ["first P1 failed", "second P1 succeeded"] : ["first P1 failed"]);
      const why = "first has failed on thing:litellm, and its on-failure lets no other playbook follow";
      assert.deepEqual(await called(at), follows ? [] : [`a person is needed: ${why}`]);
    });
  }

  test("a denial goes on to the next playbook whatever it says", async () => {
    const at = await house(
      playbook("first", { more: "priority: 9\nautonomy: { P1: approve }\non-failure: [escalate]" }),
      playbook("second", { more: "autonomy: { P1: auto }" }),
    );
    await fire(at, "critical");
    const [approval = ""] = await at.pending();
    await at.decide({ verb: "reject", approval });
    await at.pass(MINUTE);
    assert.deepEqual(await runsOf(at), ["first P1 cancelled", "second P1 succeeded"]);
  });
});

describe("the cap on runs", () => {
  const tries = (names: readonly string[]) =>
    names.map((name, nth) => playbook(name, { more: `priority: ${9 - nth}\nautonomy: { P1: auto }\n${FAILS}` }));

  test("after 3 runs that did not help people are called, once, and no fourth playbook is tried", async () => {
    const at = await house(...tries(["a", "b", "c", "d"]));
    await fire(at, "critical");
    await at.pass(20 * MINUTE);
    assert.deepEqual(await runsOf(at), ["a P1 failed", "b P1 failed", "c P1 failed"]);
    assert.deepEqual(await called(at), ["a person is needed: 3 runs on thing:litellm have not helped"]);
  });

  test("what was denied does not count for it", async () => {
    const denied = playbook("first", { more: "priority: 99\nautonomy: { P1: approve }" });
    const at = await house(denied, ...tries(["a", "b", "c", "d"]));
    await fire(at, "critical");
    const [approval = ""] = await at.pending();
    await at.decide({ verb: "reject", approval });
    await at.pass(20 * MINUTE);
    assert.deepEqual(await runsOf(at), ["first P1 cancelled", "a P1 failed", "b P1 failed", "c P1 failed"]);
  });
});
