import assert from "node:assert/strict";
import { test } from "node:test";
import type { Connections } from "../../../src/core/connection.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, createWorld, playbook, scripted, step } from "../../support/engine.ts";

/** A run that waits for a yes to a step whose connection leads to `place`. */
async function asking() {
  const world = createWorld();
  const at = { place: "http://staging:8080" };
  const find = () => ({ kind: "http", name: "router", settings: {}, place: at.place, use: () => undefined });
  world.deps.connections = { find } as unknown as Connections;
  const act = scripted(world.actions, "t.post", { connection: "http" });
  world.playbooks.set("p", playbook("p", [step("post", "t.post")], { autonomy: { P0: "approve" } }));
  const id = await world.open("p");
  await world.drain();
  const approve = async () => {
    const approval = (await world.run(id)).asked?.approvalId ?? "";
    await decide(world.deps, ANNA, { verb: "approve", approval });
    await world.drain();
    return approval;
  };
  return { world, at, act, approve };
}

test("a yes is to where the connection led when it was given: elsewhere it is asked again", async () => {
  const { world, at, act, approve } = await asking();
  at.place = "http://production:8080";
  const first = await approve();
  assert.equal(act.calls.length, 0);
  const why = `post is not as anna \\(api\\) approved it in ${first}: its input, or where it leads, is another`;
  assert.match((await world.timeline()).join("\n"), new RegExp(why));
  await approve();
  assert.equal(act.calls.length, 1);
});

test("where it leads to the same place, one yes is enough", async () => {
  const { act, approve } = await asking();
  await approve();
  assert.equal(act.calls.length, 1);
});
