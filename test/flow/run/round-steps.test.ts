import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePlaybook } from "../../../src/core/playbook/parse.ts";
import { createWorld, scripted } from "../../support/engine.ts";

const HEAD = `
name: p
match: ['alertname = "X"']
target: thing:one
autonomy: { P0: auto }
`;

/** Region `a` is bad and `b` is well; `t.look` says so. */
async function played(steps: string) {
  const world = createWorld();
  scripted(world.actions, "t.look", { effect: "read" });
  const fix = scripted(world.actions, "t.fix");
  const restart = scripted(world.actions, "t.restart");
  const look = world.actions.get("t.look");
  assert.ok(look);
  world.actions.set("t.look", {
    ...look,
    run: async (input) => ({ ok: true, done: true, output: { bad: input["region"] === "a" } }),
  });
  const text = `${HEAD}steps:\n  - id: regions\n    for-each: [a, b]\n    as: region\n    steps:\n${steps}`;
  world.playbooks.set("p", parsePlaybook(text, "p.yaml", { actions: world.actions, facts: [] }));
  const id = await world.open("p");
  await world.pass(60_000);
  const regions = ({ calls }: typeof fix) => calls.map(({ input }) => input["region"]);
  return { run: await world.run(id), fixed: regions(fix), restarted: regions(restart), lines: await world.timeline() };
}

test("a step of a case that this round did not take is unknown, whatever it did in the round before", async () => {
  const { run, fixed, restarted } = await played(`
      - { id: look, uses: t.look, with: { region: '\${{ region }}' } }
      - id: cause
        switch:
          - when: steps.look.output.bad
            steps: [{ id: fix, uses: t.fix, with: { region: '\${{ region }}' } }]
      - { id: restart, if: steps.fix.outcome == "succeeded", uses: t.restart, with: { region: '\${{ region }}' } }
`);
  assert.deepEqual({ fixed, restarted }, { fixed: ["a"], restarted: ["a"] });
  assert.match(run.ended?.reason ?? "", /^condition_unknown: regions\/1\/restart: /);
});

test("what a skipped block would have read is not what it read in the round before", async () => {
  const { restarted } = await played(`
      - id: around
        if: region == "a"
        parallel: [{ id: look, uses: t.look, with: { region: '\${{ region }}' } }]
      - id: restart
        if: steps.?look.?output.?bad.orValue(false)
        uses: t.restart
        with: { region: '\${{ region }}' }
`);
  assert.deepEqual(restarted, ["a"]);
});

test("a round in a round sees the steps of its own outer round", async () => {
  const { restarted } = await played(`
      - { id: look, uses: t.look, with: { region: '\${{ region }}' } }
      - id: nodes
        for-each: [1, 2]
        as: node
        steps:
          - { id: restart, if: steps.look.output.bad, uses: t.restart, with: { region: '\${{ region }}' } }
`);
  assert.deepEqual(restarted, ["a", "a"]);
});

test("after the last round its steps are those of the latest round", async () => {
  const { run } = await played(`
      - { id: look, uses: t.look, with: { region: '\${{ region }}' } }
  - { id: after, if: steps.look.output.bad, uses: t.restart, with: { region: all } }
`);
  assert.equal(run.steps.get("after")?.outcome, "skipped");
});

test("a round that nobody measured is done, and is not said to have held", async () => {
  const { lines } = await played(`
      - { id: restart, uses: t.restart, with: { region: '\${{ region }}' } }
    verify: { checks: [{ uses: t.look, with: { region: a }, expect: bad == true }], hold: 0s }
  - id: again
    for-each: [1]
    steps: [{ id: more, uses: t.restart }]
`);
  assert.deepEqual(
    lines.filter((line) => /round/.test(line)),
    ["regions: 2 rounds", "regions: round 1 held", "regions: round 2 held", "again: 1 round", "again: round 1 done"],
  );
});
