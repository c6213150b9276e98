import type { Incident } from "../../core/incident.ts";
import type { Doc, Write } from "../../core/store.ts";
import { CURRENT } from "./deps.ts";
import type { Scene } from "./look.ts";

/**
 * What a commit on its way will leave behind, if it takes place: incidents by id, and the incident that each correlation key points
 * to. Whoever builds on it commits only after it took place; then it is what the store would have told.
 */
export type Ahead = {
  incidents: ReadonlyMap<string, Doc<Incident>>;
  current: ReadonlyMap<string, string>;
};

/** What the store says of the scene's incidents after these writes. */
export function aheadOf(scene: Scene, writes: readonly Write[]): Ahead {
  const incidents = new Map(scene.incidents);
  const current = new Map(scene.current);
  for (const write of writes) {
    if (write.write === "put" && write.kind === "incident") {
      const rev = (incidents.get(write.id)?.rev ?? 0) + 1;
      incidents.set(write.id, { rev, body: write.body as Incident });
    } else if (write.write === "field" && write.hash === CURRENT) {
      if (write.value === null) current.delete(write.field);
      else current.set(write.field, write.value);
    }
  }
  return { incidents, current };
}

/** Of several commits on their way, which concern different keys. */
export function joinAhead(all: readonly Ahead[]): Ahead {
  const [first, ...others] = all;
  if (first !== undefined && others.length === 0) return first;
  return {
    incidents: new Map(all.flatMap(({ incidents }) => [...incidents])),
    current: new Map(all.flatMap(({ current }) => [...current])),
  };
}
