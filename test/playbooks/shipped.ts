import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { actions } from "../../src/actions/index.ts";
import { isPlaybookFile } from "../../src/config/playbook-set.ts";
import type { ActionResult, AnyAction, Effect } from "../../src/core/action.ts";
import { parsePlaybook } from "../../src/core/playbook/parse.ts";
import type { Playbook } from "../../src/core/playbook/playbook.ts";
import { createWorld, type Scripted, scripted, type World } from "../support/engine.ts";

const DIRECTORY = resolve(import.meta.dirname, "../../playbooks");

/** The playbooks of the repository, read against the real actions. */
export function shippedPlaybooks(): readonly Playbook[] {
  return readdirSync(DIRECTORY)
    .filter(isPlaybookFile)
    .map((name) =>
      parsePlaybook(readFileSync(join(DIRECTORY, name), "utf8"), name, { actions, facts: ["error_rate"] }),
    );
}

export function shipped(name: string): Playbook {
  const found = shippedPlaybooks().find((playbook) => playbook.name === name);
  if (!found) throw new Error(`no playbook ${name}`);
  return found;
}

type Answer = (input: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;

/** A world in which the shipped playbook meets scripted systems; each action answers by its input. */
export function worldOf(
  playbook: Playbook,
  target: string,
  answers: Readonly<Record<string, Answer>>,
): { world: World; calls: Map<string, Scripted> } {
  const world = createWorld();
  world.playbooks.set(playbook.name, playbook);
  const calls = new Map<string, Scripted>();
  for (const [name, answer] of Object.entries(answers)) {
    const real = actions.get(name);
    if (!real) throw new Error(`no action ${name}`);
    const record = scripted(world.actions, name, { ...scriptOf(real, target), answer: () => respond(record, answer) });
    calls.set(name, record);
  }
  return { world, calls };
}

function respond(record: Scripted, answer: Answer): ActionResult {
  return { ok: true, done: true, output: answer(record.calls.at(-1)?.input ?? {}) };
}

function scriptOf(real: AnyAction, target: string): Partial<AnyAction> & { effect: Effect } {
  const effect = typeof real.effect === "function" ? "disruptive" : real.effect;
  return { effect, targets: () => (effect === "read" ? [] : [target]), ...(real.revert && { revert: real.revert }) };
}
