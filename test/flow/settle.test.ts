import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Incident } from "../../src/core/incident.ts";
import { type House, MINUTE, openHouse } from "./control/house.ts";
import { ACTS, alertOf, bodyOf, configText } from "./control/situation.ts";

const verifies = (expect: string) =>
  `verify: { checks: [{ uses: test.measure, expect: '${expect}' }], every: 10s, hold: 10s, within: 30s }\n`;
const FAILS = verifies("value > 100.0");
const HOLDS = verifies("value > 0.0");
const ALONE = "autonomy: { P0: auto, P1: auto }\n";

function playbook(name: string, match: string, more: string): string {
  return `name: ${name}
match: ['alertname = "${match}"']
target: 'thing:${match.toLowerCase()}'
steps: [{ id: change, uses: test.change, with: { to: '\${{ target }}' } }]
${more}`;
}

async function send(house: House, alertname: string, more: { severity?: string; status?: "resolved" } = {}) {
  const { status = "firing", severity = "critical" } = more;
  const alert = alertOf(ACTS);
  await house.send(bodyOf(house, { ...alert, status, labels: { ...alert.labels, alertname, severity } }));
}

async function fired(texts: readonly string[], ...alertnames: readonly string[]): Promise<House> {
  const house = await openHouse(configText(ACTS), texts);
  for (const alertname of alertnames) await send(house, alertname);
  return house;
}

async function incident({ store }: House): Promise<Incident> {
  const doc = await store.get<Incident>("incident", "inc-1");
  assert.ok(doc);
  return doc.body;
}

async function runsOf(house: House): Promise<readonly string[]> {
  const runs = await house.runs();
  return runs.map(({ created, ended }) => `${created.playbook} ${ended?.state ?? "under way"}`).toSorted();
}

async function called(house: House): Promise<readonly string[]> {
  return (await house.said("inc-1")).filter((text) => text.startsWith("a person is needed"));
}

/** In which of the lists of incidents it stands. */
async function listed({ store }: House): Promise<readonly string[]> {
  const pages = ["open", "mitigated", "resolved"].map(async (status) => {
    const { members } = await store.page(`incidents:${status}`, { limit: 9 });
    return members.map((id) => `${id} ${status}`);
  });
  return (await Promise.all(pages)).flat();
}

describe("what follows from the runs of an incident", () => {
  test("nothing once it has resolved, whatever becomes of a run that goes on", async () => {
    const house = await fired([playbook("a", "A", ALONE + FAILS), playbook("b", "A", ALONE)], "A");
    await house.pass(20_000, 10_000);
    await send(house, "A", { status: "resolved" });
    await house.pass(5 * MINUTE);
    assert.deepEqual([await runsOf(house), await called(house)], [["a failed"], []]);
  });

  test("a call, once, where no playbook matches; nobody is called once it does not fire any more", async () => {
    const house = await fired([], "A");
    await house.pass(5 * MINUTE);
    assert.deepEqual(await called(house), ["a person is needed: no playbook runs for this incident"]);
  });

  test("mitigated, in its list and with a line, once; what fires still is seen there", async () => {
    const house = await fired([playbook("a", "A", ALONE + HOLDS)], "A");
    await house.pass(5 * MINUTE);
    assert.deepEqual([await listed(house), (await incident(house)).status], [["inc-1 mitigated"], "mitigated"]);
    const line = "mitigated: recovery was measured and held; the alert still fires";
    assert.equal((await house.said("inc-1")).filter((text) => text === line).length, 1);
  });
});

describe("one target has recovered and another has not", () => {
  const helps = playbook("a", "A", ALONE + HOLDS);
  const fails = playbook("b1", "B", `priority: 9\n${ALONE}${FAILS}`);

  test("the other goes on with its next playbook, and the incident is mitigated after it", async () => {
    const house = await fired([helps, fails, playbook("b2", "B", ALONE + HOLDS)], "A", "B");
    await house.pass(5 * MINUTE);
    assert.deepEqual(await runsOf(house), ["a succeeded", "b1 failed", "b2 succeeded"]);
    assert.deepEqual([(await incident(house)).status, await called(house)], ["mitigated", []]);
  });

  test("people are called for the other where nothing is left, and the incident stays open", async () => {
    const house = await fired([helps, fails], "A", "B");
    await house.pass(5 * MINUTE);
    assert.deepEqual(await called(house), ["a person is needed: no playbook is left for thing:b after b1"]);
    assert.equal((await incident(house)).status, "open");
  });
});

describe("a success at a lower severity is none at a higher one", () => {
  const low = playbook("a", "A", `severity: [P1]\n${ALONE}`);
  const worse = (match: string) => playbook("worse", match, `severity: [P0]\n${ALONE}`);
  const text = configText({
    ...ACTS,
    severity: "[{ level: P0, when: 'facts.load > 1.0' }, { level: P1, when: 'true' }]",
  });

  /** The alert itself gets worse, or one that joins it is worse. */
  for (const [how, alertname] of [
    ["its own alert", "A"],
    ["an alert that joins", "B"],
  ] as const)
    for (const [what, texts, runs, calls] of [
      ["its target's playbook for that runs", [low, worse("A")], ["a succeeded", "worse succeeded"], 0],
      ["people are called where nothing runs for that", [low], ["a succeeded"], 1],
    ] as const)
      test(`by ${how}: ${what}`, async () => {
        const house = await openHouse(text, texts);
        const fire = (name: string, value: string) =>
          house.send(bodyOf(house, { ...alertOf({ ...ACTS, alertname: name }), value }));
        await fire("A", "0.9");
        await house.pass(MINUTE);
        await fire(alertname, "2.0");
        await house.pass(5 * MINUTE);
        const line = "a person is needed: no playbook is left for thing:a after a";
        assert.deepEqual([await runsOf(house), await called(house)], [runs, Array(calls).fill(line)]);
      });

  test("nobody is called where another target's playbook runs for that", async () => {
    const house = await fired([low, worse("B")], "A");
    await house.pass(MINUTE);
    await send(house, "B", { severity: "disaster" });
    await house.pass(5 * MINUTE);
    assert.deepEqual([await runsOf(house), await called(house)], [["a succeeded", "worse succeeded"], []]);
  });
});

test("what the second playbook's on-failure says holds for the third", async () => {
  const house = await fired(
    [
      playbook("first", "A", `priority: 9\n${ALONE}${FAILS}on-failure: [next-playbook]\n`),
      playbook("second", "A", `priority: 8\n${ALONE}${FAILS}on-failure: [escalate]\n`),
      playbook("third", "A", ALONE),
    ],
    "A",
  );
  await house.pass(5 * MINUTE);
  assert.deepEqual(await runsOf(house), ["first failed", "second failed"]);
  const why = "second has failed on thing:a, and its on-failure lets no other playbook follow";
  assert.deepEqual(await called(house), [`a person is needed: ${why}`]);
});

describe("several targets are looked at in one go", () => {
  const names = ["A", "B", "C", "D"];
  const firsts = names.map((name) => playbook(`${name.toLowerCase()}1`, name, `priority: 9\n${ALONE}${FAILS}`));

  test("each gets its next playbook, and what cannot be started is said", async () => {
    const lost = `also-targets: ['thing:\${{ alert.labels.region }}']\n`;
    const seconds = names.map((name) => playbook(`${name.toLowerCase()}2`, name, ALONE + HOLDS));
    const house = await fired([...firsts, playbook("a0", "A", `priority: 5\n${ALONE}${lost}`), ...seconds], ...names);
    await house.pass(5 * MINUTE);
    const expected = names.flatMap((name) => [`${name.toLowerCase()}1 failed`, `${name.toLowerCase()}2 succeeded`]);
    assert.deepEqual(await runsOf(house), expected.toSorted());
    assert.deepEqual([(await incident(house)).status, await called(house)], ["mitigated", []]);
    const said = (await house.said("inc-1")).filter((text) => text.startsWith("a0 cannot be started: also-targets"));
    assert.equal(said.length, 1);
  });

  test("one call names what is left without a playbook, three at most, and beside it what runs", async () => {
    const next = playbook("a2", "A", ALONE + HOLDS);
    const house = await fired([...firsts, playbook("e1", "E", ALONE + FAILS), next], ...names, "E");
    await house.pass(5 * MINUTE);
    const [call = "", ...more] = await called(house);
    assert.match(call, /^a person is needed: (no playbook is left for thing:[b-e] after [b-e]1; ){3}and 1 more$/);
    assert.deepEqual(more, []);
    assert.ok((await runsOf(house)).includes("a2 succeeded"));
  });
});

describe("the incident that a person's run was given", () => {
  test("is closed when all its runs have ended, and not before, and calls nobody", async () => {
    const house = await openHouse(
      configText(ACTS),
      ["m", "n"].map((name) => playbook(name, "A", "on: manual\n")),
    );
    await house.decide({ verb: "run", playbook: "m", vars: {} });
    await house.decide({ verb: "run", playbook: "n", vars: {}, incident: "inc-1" });
    const [first = "", second = ""] = await house.pending();
    await house.decide({ verb: "approve", approval: first });
    await house.pass(MINUTE);
    assert.deepEqual([await listed(house), (await incident(house)).status], [["inc-1 open"], "open"]);
    await house.decide({ verb: "reject", approval: second });
    await house.pass(MINUTE);
    assert.deepEqual([await listed(house), (await incident(house)).status], [["inc-1 resolved"], "resolved"]);
    assert.equal((await incident(house)).resolvedAt, house.clock.at - MINUTE);
    const closed = "closed: the run that it was opened for has ended";
    assert.equal((await house.said("inc-1")).filter((text) => text === closed).length, 1);
    assert.deepEqual(await called(house), []);
  });
});
