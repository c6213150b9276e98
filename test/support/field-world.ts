import type { Config } from "../../src/core/config.ts";
import { CONFIG, constant, createWorld, scripted, step } from "./engine.ts";

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
