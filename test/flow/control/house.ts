import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine } from "../../../src/app/engine.ts";
import { createPlaybookOf } from "../../../src/app/playbooks.ts";
import { loadConfig } from "../../../src/config/load.ts";
import type { ActionResult } from "../../../src/core/action.ts";
import type { Config } from "../../../src/core/config.ts";
import type { Actor, Decided, Decision } from "../../../src/core/decision.ts";
import type { AlertRecord } from "../../../src/core/episode.ts";
import { AppError } from "../../../src/core/errors.ts";
import { silentLog } from "../../../src/core/log.ts";
import { indexPlaybooks } from "../../../src/core/match-index.ts";
import { noMetrics } from "../../../src/core/metrics.ts";
import { parsePlaybook } from "../../../src/core/playbook/parse.ts";
import type { Playbook } from "../../../src/core/playbook/playbook.ts";
import type { RunEvent } from "../../../src/core/run/events.ts";
import { foldRun, type Run } from "../../../src/core/run/run.ts";
import type { Store } from "../../../src/core/store.ts";
import type { TimelineEntry } from "../../../src/core/timeline.ts";
import { ALERT_INDEXES } from "../../../src/flow/removal.ts";
import { createWakeHandler } from "../../../src/flow/wake.ts";
import { createAlertmanager } from "../../../src/sources/alertmanager.ts";
import { createMemoryStore } from "../../../src/store/memory/index.ts";
import { actionsOf, type Call } from "./systems.ts";

/** 2026-01-01T00:00:00Z, a Thursday. */
export const START = 1_767_225_600_000;
export const MINUTE = 60_000;

export type House = Awaited<ReturnType<typeof openHouse>>;

const GUARDS_READ: readonly string[] = ["pauses", "spent", "remaining", "locks", "range", "guardValues"];

/** The store, whose reads for the guards fail while it is broken. */
function breakable(store: Store, broken: { now: boolean }): Store {
  const away = () => Promise.reject(new AppError("unavailable", "the store does not answer"));
  const wrapped = Object.entries(store)
    .filter(([name]) => GUARDS_READ.includes(name))
    .map(([name, call]) => [
      name,
      (...args: never[]) => (broken.now ? away() : (call as (...all: never[]) => unknown)(...args)),
    ]);
  return { ...store, ...(Object.fromEntries(wrapped) as Partial<Store>) };
}

/** Reads `stanch.yaml` as serving does. */
function configOf(yaml: string): Config {
  const directory = mkdtempSync(join(tmpdir(), "stanch-control-"));
  const file = join(directory, "stanch.yaml");
  writeFileSync(file, yaml);
  try {
    return loadConfig({ file, environment: {}, insecureDev: true });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The whole flow (accept, assess, advance, decide) on the memory store with virtual time; the systems are scripted actions. */
export async function openHouse(yaml: string, texts: readonly string[]) {
  const clock = { at: START };
  const calls: Call[] = [];
  const answers: string[] = [];
  const measured = { answer: { ok: true, done: true, output: { value: 1 } } as ActionResult };
  const memory = createMemoryStore({ now: () => clock.at });
  const { intake } = memory;
  const broken = { now: false };
  const store = breakable(memory.store, broken);
  const config = configOf(yaml);
  const actions = actionsOf(calls, () => measured.answer);
  const facts = config.facts.map((fact) => fact.name);
  const all: readonly Playbook[] = texts.map((text, index) => parsePlaybook(text, `${index}.yaml`, { actions, facts }));
  const index = indexPlaybooks(all);
  const source = createAlertmanager({ kind: "none" }, { now: () => clock.at });
  const engine = createEngine({
    config,
    store,
    intake,
    queue: {
      wake: async () => {},
      work: async () => {},
      canary: async () => true,
      depth: async () => 0,
      stop: async () => {},
    },
    actions,
    connections: {
      find() {
        throw new Error("no connections here");
      },
      lockKey: (target) => target.replace(/^named:/, "thing:"),
    },
    sources: new Map([["alertmanager", source]]),
    playbooks: { all: () => all, byName: (name) => all.find((one) => one.name === name), index: () => index },
    playbookOf: createPlaybookOf(store, { actions, facts: config.facts.map((fact) => fact.name) }),
    slackGroup: async () => {
      throw new Error("no Slack here");
    },
    metrics: noMetrics,
    log: silentLog,
  });
  const publish = async (id: string): Promise<void> => {
    await store.commit({ checks: [], writes: [{ write: "undue", member: `chat:${id}` }] });
  };
  const handle = createWakeHandler({ ...engine.wakeDeps, publish });
  const running = new AbortController().signal;
  const drain = async (): Promise<void> => {
    for (const entry of await intake.read({ count: 100, block: 0 })) await engine.assess.entry(entry);
    let before = "";
    for (let rounds = 0; rounds < 500; rounds++) {
      const due = await store.due(5_000);
      const text = JSON.stringify(due);
      if (due.length === 0 || text === before) return;
      before = text;
      for (const { member } of due) await handle(member, running, running);
    }
    throw new Error("wake-ups never end");
  };
  return {
    clock,
    calls,
    measured,
    /** What the senders of the bodies were told. */
    answers,
    store,
    drain,
    broken,
    /** Accepts a body as the HTTP hop does, and lets everything happen that is due then. */
    async send(body: object) {
      const text = JSON.stringify(body);
      const { accepted, unchanged } = await intake.accept(source.parse(text), Buffer.from(text));
      answers.push(`accepted ${accepted}, unchanged ${unchanged}`);
      await drain();
    },
    /** In steps that are never so late for a measurement of each 10 s that nobody seems to have measured (20 s). */
    async pass(time: number, step = 20_000) {
      const end = clock.at + time;
      while (clock.at < end) {
        clock.at = Math.min(end, clock.at + step);
        await drain();
      }
    },
    async decide(decision: Decision, actor: Actor = ANNA): Promise<Decided> {
      const decided = await engine.decide(actor, decision);
      await drain();
      return decided;
    },
    async runs(): Promise<readonly Run[]> {
      const { members } = await store.page("runs", { limit: 2_000 });
      const loaded = await Promise.all(members.map((id) => store.loadRun(id)));
      return loaded.map((one) => foldRun(one.events as readonly RunEvent[])).reverse();
    },
    async pending(): Promise<readonly string[]> {
      return (await store.page("approvals:pending", { limit: 100 })).members;
    },
    said: async (incident: string) =>
      (await store.list<TimelineEntry>(`timeline:${incident}`)).map((entry) => entry.text),
    async explained(): Promise<readonly string[]> {
      const { members } = await store.page(ALERT_INDEXES, { limit: 2_000 });
      const docs = await store.getMany<AlertRecord>("alert", members);
      const found = docs.flatMap((doc) => doc?.body.explanation ?? []);
      return found.flatMap(({ sentence, playbooks }) => [sentence, ...playbooks.map((note) => note.reason)]);
    },
  };
}

export const ANNA: Actor = { name: "anna", via: "api", role: "admin", apiToken: "anna-cli", person: "anna" };
