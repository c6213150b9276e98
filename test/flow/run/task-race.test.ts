import assert from "node:assert/strict";
import { test } from "node:test";
import { createHumanTask } from "../../../src/actions/people/human-task.ts";
import type { Store, Tx } from "../../../src/core/store.ts";
import type { Task } from "../../../src/core/task.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, CONFIG, constant, createWorld, playbook, step } from "../../support/engine.ts";

const isWithdrawal = ({ writes }: Tx): boolean =>
  writes.some((write) => write.write === "put" && write.kind === "task" && "withdrawnAt" in write.body);

for (const { why, cancels, ends } of [
  { why: "its time is over", cancels: false, ends: "succeeded" },
  { why: "its run is cancelled", cancels: true, ends: "cancelled" },
])
  test(`a task that is done in the very moment in which ${why} stays done`, async () => {
    let says = async (): Promise<unknown> => undefined;
    const wrap = (store: Store): Store => ({
      ...store,
      async commit(tx) {
        if (isWithdrawal(tx)) await says();
        return store.commit(tx);
      },
    });
    const world = createWorld(CONFIG, wrap);
    world.actions.set("human.task", createHumanTask(world.store));
    const look = step("look", "human.task", { with: constant({ ask: "look at the racks" }), timeout: 60_000 });
    world.playbooks.set("p", playbook("p", [look]));
    const id = await world.open("p");
    await world.drain();
    const [task = ""] = (await world.store.page("tasks:open", { limit: 5 })).members;
    says = () => decide(world.deps, ANNA, { verb: "complete", task, answer: "all green" });
    if (cancels) await decide(world.deps, ANNA, { verb: "cancel", run: id });
    await world.pass(120_000);
    const { status, answer } = (await world.store.get<Task>("task", task))?.body ?? assert.fail();
    assert.deepEqual([status, answer, (await world.run(id)).ended?.state], ["done", "all green", ends]);
  });
