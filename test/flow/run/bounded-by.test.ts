import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import type { Approval } from "../../../src/core/approval.ts";
import type { Connections } from "../../../src/core/connection.ts";
import { parsePlaybook } from "../../../src/core/playbook/parse.ts";
import type { Playbook } from "../../../src/core/playbook/playbook.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, createWorld, scripted } from "../../support/engine.ts";

type Given = {
  bounds?: string;
  desired?: string;
  target?: string;
  autonomy?: string;
  between?: string;
  /** Where the connection of the scaling leads, as it stands. */
  at?: { place: string };
  first?: string;
};

/** Something is changed, then measured, and then a service is scaled to what was measured. */
function textOf({ bounds, desired = "steps.count.output.value", target = "'thing:one'", ...given }: Given) {
  const { autonomy, between, first = "" } = given;
  return `name: p
match: ['alertname = "X"']
autonomy: { P0: ${autonomy ?? "approve"} }
target: thing:one
also-targets: ['thing:two']
steps:
  - { id: first, uses: t.act, with: {}${first} }
${between ?? "  - { id: count, uses: t.count, with: {} }"}
  - id: scale
    name: Scale it
    uses: t.scale
    with: { to: ${target}, desired: '\${{ ${desired} }}' }
${bounds === undefined ? "" : `    bounded-by: ${bounds}`}
`;
}

const RANGE = "{ desired: { min: 1, max: 4 } }";

async function scaleWorld(given: Given, value: unknown) {
  const world = createWorld();
  const input = z.strictObject({ to: z.string(), desired: z.union([z.number(), z.string()]) });
  const measured = { value };
  scripted(world.actions, "t.act", { effect: "reversible", input: z.strictObject({}) });
  scripted(world.actions, "t.count", {
    effect: "read",
    input: z.strictObject({}),
    output: z.object({ value: z.union([z.number(), z.string()]), target: z.string() }),
    answer: () => ({ ok: true, done: true, output: { ...measured, target: "thing:two" } }),
  });
  const scale = scripted(world.actions, "t.scale", {
    effect: "disruptive",
    input: input as unknown as z.ZodType<Readonly<Record<string, unknown>>>,
    targets: ({ to }) => [String(to)],
    ...(given.at && { connection: "http" }),
  });
  const find = () => ({ kind: "http", name: "main", settings: {}, place: given.at?.place, use: () => undefined });
  if (given.at) world.deps.connections = { find } as unknown as Connections;
  const playbook: Playbook = parsePlaybook(textOf(given), "p.yaml", { actions: world.actions, facts: [] });
  world.playbooks.set("p", playbook);
  const id = await world.open("p");
  await world.drain();
  const asked = async () => {
    const approval = (await world.run(id)).asked?.approvalId;
    return approval === undefined ? undefined : (await world.store.get<Approval>("approval", approval))?.body;
  };
  const approve = async () => {
    await decide(world.deps, ANNA, { verb: "approve", approval: (await asked())?.id ?? "" });
    await world.drain();
  };
  return { world, id, scale, asked, approve };
}

test("without bounds a pending input is said to be, and asks once it is known", async () => {
  const { scale, asked, approve } = await scaleWorld({}, 3);
  const first = await asked();
  assert.equal(first?.steps[1]?.input, "pending");
  await approve();
  assert.equal(scale.calls.length, 0);
  assert.deepEqual((await asked())?.steps[0]?.input, { to: "thing:one", desired: 3 });
});

test("with bounds one approval covers it, shows them, and runs what stays within", async () => {
  for (const value of [1, 2.5, 4]) {
    const { world, id, scale, asked, approve } = await scaleWorld({ bounds: RANGE }, value);
    const [, step] = (await asked())?.steps ?? [];
    assert.ok(step);
    assert.deepEqual(
      [step.describe, step.input, step.bounds, step.targets, step.effect],
      [
        "Scale it (desired: pending, 1 to 4)",
        { to: "thing:one", desired: "pending, 1 to 4" },
        { desired: { min: 1, max: 4 } },
        ["thing:one"],
        "disruptive",
      ],
    );
    await approve();
    assert.deepEqual(
      scale.calls.map((call) => call.input),
      [{ to: "thing:one", desired: value }],
    );
    assert.equal((await world.run(id)).ended?.state, "succeeded");
  }
});

test("what is outside is not run under that approval: it asks again, says why, and runs once that is allowed", async () => {
  for (const [value, shown] of [
    [5, "5"],
    [0, "0"],
    ["+1", '"\\+1"'],
  ] as const) {
    const { scale, asked, approve } = await scaleWorld({ bounds: RANGE }, value);
    const first = await asked();
    await approve();
    assert.equal(scale.calls.length, 0, `${value}`);
    const second = await asked();
    assert.ok(second && second.id !== first?.id);
    assert.match(second.why[0] ?? "", new RegExp(`^step: desired is ${shown}, and bounded-by allows 1 to 4$`));
    assert.deepEqual(second.steps[0]?.input, { to: "thing:one", desired: value }, "it is known now, and shown");
    await approve();
    assert.equal(scale.calls.length, 1);
  }
});

test("a yes to another step's own question is none to a value outside", async () => {
  const { scale, asked, approve } = await scaleWorld(
    { bounds: RANGE, first: ", approval: { ask-unless: 'false' }" },
    9,
  );
  assert.match((await asked())?.why[0] ?? "", /^step: the step asks unless false/);
  await approve();
  assert.equal(scale.calls.length, 0);
  assert.match((await asked())?.why[0] ?? "", /^step: desired is 9/);
});

test("a list allows what it names and nothing else", async () => {
  const bounds = "{ desired: { one-of: [2, auto] } }";
  for (const [value, runs] of [
    [2, 1],
    ["auto", 1],
    ["2", 0],
    [3, 0],
  ] as const) {
    const { scale, asked, approve } = await scaleWorld({ bounds }, value);
    assert.equal((await asked())?.steps[1]?.describe, "Scale it (desired: pending, one of 2, auto)");
    await approve();
    assert.equal(scale.calls.length, runs, `${value}`);
  }
});

test("outside of its bounds a step asks whatever the autonomy; within them nobody is asked", async () => {
  const within = await scaleWorld({ bounds: RANGE, autonomy: "auto" }, 4);
  assert.equal(within.scale.calls.length, 1);
  const outside = await scaleWorld({ bounds: RANGE, autonomy: "auto" }, 40);
  assert.equal(outside.scale.calls.length, 0);
  assert.deepEqual((await outside.world.run(outside.id)).asked?.guards, ["step"]);
  await outside.approve();
  assert.equal(outside.scale.calls.length, 1);
});

test("a target is never pending, with bounds or without", async () => {
  const target = `'\${{ steps.count.output.target }}'`;
  const open = await scaleWorld({ bounds: RANGE, target }, 3);
  assert.equal((await open.asked())?.steps[1]?.input, "pending", "to is pending and has no bound");
  await open.approve();
  assert.equal(open.scale.calls.length, 0);
  const bounds = "{ desired: { min: 1, max: 4 }, to: { one-of: ['thing:one', 'thing:two'] } }";
  const listed = await scaleWorld({ bounds, target }, 3);
  assert.equal((await listed.asked())?.steps[1]?.input, "pending", "the targets would depend on what it becomes");
  await listed.approve();
  assert.equal(listed.scale.calls.length, 0);
  assert.deepEqual((await listed.asked())?.steps[0]?.targets, ["thing:two"]);
});

test("an input that becomes known while it waits is bound as it was shown", async () => {
  const between = "  - { id: count, uses: t.count, with: {} }\n  - { id: rest, wait: 1h }";
  const { world, scale, approve } = await scaleWorld({ bounds: RANGE, between }, 4);
  await approve();
  await world.pass(3_600_000 + 10_000);
  assert.deepEqual(
    scale.calls.map(({ input }) => input["desired"]),
    [4],
  );
});

test("the bound is part of what was approved", async () => {
  const digests = new Set<string | undefined>();
  for (const bounds of [RANGE, "{ desired: { min: 1, max: 5 } }", "{ desired: { one-of: [1, 4] } }", undefined]) {
    const { asked } = await scaleWorld(bounds === undefined ? {} : { bounds }, 2);
    const covers = (await asked())?.steps.map((step) => ("digest" in step ? String(step.digest) : "")) ?? [];
    digests.add(covers[1]);
  }
  assert.equal(digests.size, 4);
});

test("where it is not known which steps come, bounds promise nothing", async () => {
  const between = `  - { id: count, uses: t.count, with: {} }
  - id: pick
    switch:
      - when: steps.count.output.value > 1
        steps:
          - { id: inner, uses: t.scale, with: { to: 'thing:one', desired: '\${{ steps.count.output.value }}' }, bounded-by: ${RANGE} }`;
  const { scale, asked, approve } = await scaleWorld({ bounds: RANGE, between }, 3);
  const inner = (await asked())?.steps.find(({ path }) => path.endsWith("inner"));
  assert.deepEqual([inner?.input, inner?.bounds], ["pending", undefined]);
  await approve();
  assert.equal(scale.calls.length, 0);
  assert.equal((await asked())?.steps[0]?.path, "pick/0/inner");
});

test("a yes to bounds is to where the connection led when it was given: elsewhere it is asked again", async () => {
  for (const isMoved of [true, false]) {
    const at = { place: "http://staging:8080" };
    const { scale, asked, approve } = await scaleWorld({ bounds: RANGE, at }, 3);
    assert.notEqual((await asked())?.steps[1]?.bounds, undefined);
    if (isMoved) at.place = "http://production:8080";
    await approve();
    assert.deepEqual([scale.calls.length, (await asked()) !== undefined], isMoved ? [0, true] : [1, false]);
  }
});
