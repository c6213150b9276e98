import type { Decided } from "../../core/decision.ts";
import type { Incident } from "../../core/incident.ts";
import type { Lease } from "../../core/lease.ts";
import { suggestion } from "../../core/near.ts";
import { EVERYTHING } from "../../core/pause.ts";
import { docs, runViews } from "../desk/incident-view.ts";
import { TARGETS_SEEN } from "../run/targets.ts";
import { type DecideDeps, refuse } from "./deps.ts";
import type { StartDeps } from "./start.ts";

/** A scope that may be paused; `note` is said with the answer. */
type Known = { note: string };
type Refused = Extract<Decided, { ok: false }>;

const SCOPE = /^(playbook|target|incident):(.+)$/;
const LOOKED_AT = 1_000;

/** Whether there is what a pause names: a pause of a misspelt name would hold nothing back, and nobody would notice. */
export async function knownScope(deps: DecideDeps & StartDeps, scope: string): Promise<Known | Refused> {
  if (scope === EVERYTHING) return { note: "" };
  const [, kind = "", name = ""] = SCOPE.exec(scope) ?? [];
  switch (kind) {
    case "playbook":
      return knownPlaybook(deps, name);
    case "incident":
      return knownIncident(deps, name);
    case "target":
      return knownTarget(deps, name);
    default:
      return refuse("invalid_request", `no scope ${scope}; use global, playbook:NAME, target:TARGET or incident:ID`);
  }
}

async function knownPlaybook(deps: DecideDeps & StartDeps, name: string): Promise<Known | Refused> {
  if (deps.playbook(name) || (await isAtWork(deps, name))) return { note: "" };
  return refuse("not_found", `no playbook ${name}, so nothing is paused${suggestion(name, deps.playbookNames())}`);
}

/** A playbook that was taken away may still have runs under way, or leases to undo. */
async function isAtWork({ store }: DecideDeps, name: string): Promise<boolean> {
  const [runs, leases] = await Promise.all([
    store.page("runs:active", { limit: LOOKED_AT }),
    store.page("leases:active", { limit: LOOKED_AT }),
  ]);
  const held = await docs<Lease>(store, "lease", leases.members);
  if (held.some((lease) => lease.playbook === name)) return true;
  return (await runViews(store, runs.members)).some((run) => run.playbook === name);
}

async function knownIncident({ store }: DecideDeps, id: string): Promise<Known | Refused> {
  if (await store.get<Incident>("incident", id)) return { note: "" };
  const { members } = await store.page("incidents:open", { limit: LOOKED_AT });
  return refuse("not_found", `no incident ${id}, so nothing is paused${suggestion(id, members)}`);
}

/** Targets become known by their first run, so one that is unknown may be right all the same. */
async function knownTarget({ store }: DecideDeps, name: string): Promise<Known | Refused> {
  const { members } = await store.page(TARGETS_SEEN, { limit: LOOKED_AT });
  if (members.includes(name)) return { note: "" };
  return { note: `. No run has had the target ${name} yet${suggestion(name, members)}` };
}
