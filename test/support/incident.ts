import assert from "node:assert/strict";
import type { Incident } from "../../src/core/incident.ts";
import { playbook, scripted, step, type World } from "./engine.ts";

const MINUTE = 60_000;

/** Does what assess does every minute: look at the incident. */
export async function minutes(world: World, count: number): Promise<void> {
  for (let minute = 0; minute < count; minute++) {
    await world.store.commit({ checks: [], writes: [{ write: "due", member: "incident:inc-1", at: 0 }] });
    await world.pass(MINUTE);
  }
}

/** Changes the incident as another hop would, and lets everything happen that follows. */
export async function changeIncident(
  world: World,
  change: (incident: Incident) => Incident,
  member = "incident:inc-1",
): Promise<void> {
  const doc = await world.store.get<Incident>("incident", "inc-1");
  assert.ok(doc);
  await world.store.commit({
    checks: [],
    writes: [
      { write: "put", kind: "incident", id: "inc-1", body: change(doc.body) },
      { write: "due", member, at: 0 },
    ],
  });
  await world.drain();
}

/** Makes `p` a playbook whose one change may have taken effect, and nobody knows. */
export function losing(world: World): void {
  const lost = { ok: false, reason: "timeout", message: "no answer", retryable: false, sent: "unknown" } as const;
  scripted(world.actions, "t.lost", { answer: () => lost });
  world.playbooks.set("p", playbook("p", [step("a", "t.lost")]));
}
