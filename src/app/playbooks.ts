import type { ActionTable } from "../core/action.ts";
import type { Config } from "../core/config.ts";
import type { Connections } from "../core/connection.ts";
import { AppError } from "../core/errors.ts";
import type { Lease } from "../core/lease.ts";
import { indexPlaybooks, type MatchIndex } from "../core/match-index.ts";
import { type ParseOptions, parsePlaybook } from "../core/playbook/parse.ts";
import type { Playbook } from "../core/playbook/playbook.ts";
import type { Run } from "../core/run/run.ts";
import type { Store } from "../core/store.ts";
import { votersOf } from "../core/voters.ts";
import { revertPlaybook } from "../flow/lease-end.ts";

/** What parsing a playbook has to know: the actions there are and the facts that expressions may name. */
export function parseOptions(config: Config, actions: ActionTable, connections: Connections) {
  const facts = config.facts.map((fact) => fact.name);
  return {
    actions,
    facts,
    vars: config.vars,
    groups: Object.keys(config.approvals.groups),
    voters: votersOf(config.approvals),
    connections,
  };
}

/** Compiled playbooks of runs under way, by digest: a run keeps the text it started with, whatever the files say now. */
export function createPlaybookOf(store: Store, options: ParseOptions): (run: Run) => Promise<Playbook> {
  const compiled = new Map<string, Playbook>();
  return async (run) => {
    if (run.created.lease !== undefined) return revertOf(store, run.created.lease);
    const { playbookDigest: digest } = run.created;
    const known = compiled.get(digest);
    if (known) return known;
    const doc = await store.get<{ name: string; file: string; text: string }>("playbook", digest);
    if (!doc)
      throw new AppError("not_found", `the text of playbook ${run.created.playbook} (${digest.slice(0, 12)}) is gone`);
    const playbook = parsePlaybook(doc.body.text, doc.body.file, { ...options, stored: true });
    if (compiled.size >= 200) compiled.clear();
    compiled.set(digest, playbook);
    return playbook;
  };
}

async function revertOf(store: Store, id: string): Promise<Playbook> {
  const doc = await store.get<Lease>("lease", id);
  if (!doc) throw new AppError("not_found", `lease ${id} is gone`);
  return revertPlaybook(doc.body);
}

/** The match index of the set in force, made anew only when the set changes. */
export function indexOf(current: () => readonly Playbook[]): () => MatchIndex {
  let last: { playbooks: readonly Playbook[]; index: MatchIndex } | undefined;
  return () => {
    const playbooks = current();
    if (last?.playbooks !== playbooks) last = { playbooks, index: indexPlaybooks(playbooks) };
    return last.index;
  };
}
