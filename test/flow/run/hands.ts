import assert from "node:assert/strict";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, type createWorld } from "../../support/engine.ts";

/** What anna has in her hands by what she was told, whatever the store says of it; ben comes by each time. */
export type Hands = { taken: boolean; paused: boolean; closed: boolean };

/** One decision of anna's that takes things in hand or lets them go. */
export async function hold(world: ReturnType<typeof createWorld>, hands: Hands, what: string): Promise<void> {
  const ben = { ...ANNA, name: "ben", person: "ben" };
  const incident = "inc-1";
  if (what === "pause" || what === "resume") {
    const said = await decide(world.deps, ANNA, { verb: what, scope: "global" });
    if (said.ok) hands.paused = what === "pause";
    if (what === "pause") await decide(world.deps, ben, { verb: "pause", scope: "global", for: 60_000 });
  }
  if (what === "take" || what === "release" || what === "close") {
    const said = await decide(world.deps, ANNA, { verb: what, incident });
    if (!said.ok) return;
    hands.closed ||= what === "close" && hands.taken;
    hands.taken = what === "take";
    if (what === "take") await decide(world.deps, ben, { verb: "pause", scope: "incident:inc-1", for: 60_000 });
    if (what === "take") await decide(world.deps, ben, { verb: "resume", scope: "incident:inc-1" });
  }
}

/** Nothing takes effect while she holds it. */
export function assertFree({ taken, paused }: Hands): void {
  assert.ok(!taken && !paused, "no effect while it is in people's hands");
}

/** Nothing but a lease's end takes effect after she has closed what she held. */
export function assertOpen({ closed }: Hands, trigger: string): void {
  assert.ok(!closed || trigger === "revert", "no effect after what was in hand is closed");
}

/** What she has closed in her hands is left as it is: a run undoes nothing there. */
export async function unlessClosed({ closed }: Hands, check: () => Promise<void>): Promise<void> {
  if (!closed) await check();
}
