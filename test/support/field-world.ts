import assert from "node:assert/strict";
import type { Config } from "../../src/core/config.ts";
import type { Lease } from "../../src/core/lease.ts";
import { decide } from "../../src/flow/decide/decide.ts";
import { ANNA, CONFIG, constant, createWorld, playbook, scripted, step, type World } from "./engine.ts";

const HOUR = 3_600_000;

/** One field of a system outside: `t.set` writes it, and its undo writes back only what it finds unchanged. */
export function fieldWorld(config: Config = CONFIG) {
  const world = createWorld(config);
  const field = { value: "off" };
  const written: string[] = [];
  scripted(world.actions, "t.set", {
    effect: "reversible",
    async prepare() {
      return { ok: true, before: { former: field.value } };
    },
    async run(input, ctx, before) {
      ctx.fence();
      const { value, expected } = input as { value: string; expected?: string };
      if (expected !== undefined && field.value !== expected) {
        return {
          ok: false,
          reason: "conflict",
          message: `it is ${field.value} now`,
          retryable: false,
          sent: "refused",
        };
      }
      field.value = value;
      written.push(value);
      return { ok: true, done: true, output: { former: before?.["former"], value } };
    },
    revert: (_input, output) => ({
      uses: "t.set",
      with: { name: "F", value: output["former"], expected: output["value"] },
    }),
  });
  return { world, field, written };
}

/** The same where no other playbook is tried once a lease has been undone: only leases change the field. */
export function calmField(config: Config = CONFIG) {
  const calm = fieldWorld(config);
  calm.world.deps.ladders = async () => new Map();
  return calm;
}

/** A step that sets the field for so many hours. */
export function leased(value: string, hours: number, more = {}) {
  return step("set", "t.set", {
    with: constant({ name: "F", value }),
    lease: { for: hours * HOUR, releaseWhen: [], onEnd: { kind: "revert" }, ...more },
  });
}

/** Every lease in the order of making. */
export async function leasesOf({ store }: World): Promise<readonly Lease[]> {
  const { members } = await store.page("leases", { limit: 50 });
  const docs = await store.getMany<Lease>("lease", members);
  const leases = docs.flatMap((doc) => (doc ? [doc.body] : []));
  return leases.toSorted((a, b) => a.createdAt - b.createdAt || (a.order ?? 0) - (b.order ?? 0));
}

/** What a person may do about the lease that was made as the `of`th; where there is none, nothing. */
export type LeaseAct = { kind: "extend" | "revert"; of: number; minutes: number };

export async function actOnLease(world: World, { kind, of, minutes }: LeaseAct): Promise<void> {
  const lease = (await leasesOf(world))[of]?.id;
  if (lease === undefined) return;
  if (kind === "extend") await decide(world.deps, ANNA, { verb: "extend", lease, for: minutes * 60_000 });
  else await decide(world.deps, ANNA, { verb: "revert", lease });
  return world.drain();
}

/** One playbook has set the field for an hour; `lease` reads that lease as it stands now. */
export async function leaseForAnHour(world: World): Promise<{ id: string; lease(): Promise<Lease> }> {
  world.playbooks.set("p", playbook("p", [leased("on", 1)]));
  await world.open("p");
  await world.drain();
  const [id = ""] = (await world.store.page("leases", { limit: 1 })).members;
  const lease = async () => {
    const doc = await world.store.get<Lease>("lease", id);
    assert.ok(doc);
    return doc.body;
  };
  return { id, lease };
}

/** The playbook `p` begins for another incident, `inc-2`, while `value` is being written, and has to wait for the lock of that. */
export function beginsWhileWriting(world: World, value: string): void {
  const set = world.actions.get("t.set");
  assert.ok(set);
  const run: typeof set.run = async (input, ctx, before) => {
    if (input["value"] === value) await world.open("p", { id: "inc-2", key: "service=b" });
    return set.run(input, ctx, before);
  };
  world.actions.set("t.set", { ...set, run });
}
