import assert from "node:assert/strict";
import type { Config, ReportSettings } from "../../../src/core/config.ts";
import { AppError } from "../../../src/core/errors.ts";
import type { Files } from "../../../src/core/files.ts";
import type { Incident } from "../../../src/core/incident.ts";
import type { Write } from "../../../src/core/store.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { endedOpening } from "../../../src/flow/ended-openings.ts";
import { resolvedWrites } from "../../../src/flow/resolved.ts";
import { createWakeHandler } from "../../../src/flow/wake.ts";
import {
  ALERT,
  ANNA,
  CONFIG,
  createWorld,
  playbook,
  scripted,
  step,
  verify,
  type World,
} from "../../support/engine.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export const REPORTS: ReportSettings = {
  directory: "reports",
  decisionLog: "DECISIONS.log",
  incidentsLog: "docs/INCIDENTS.md",
  postMortemWithin: 48 * HOUR,
  chapter: "38",
};

/** Files in memory. `trouble` may fail an operation before it takes effect, or end the worker after it has. */
export type Disk = {
  files: Files;
  texts: Map<string, string>;
  trouble: { before?: (path: string) => void; after?: (path: string) => Promise<void> };
};

export function createDisk(): Disk {
  const texts = new Map<string, string>();
  const trouble: Disk["trouble"] = {};
  const files: Files = {
    async create(path, text) {
      trouble.before?.(path);
      if (!texts.has(path)) texts.set(path, text);
      await trouble.after?.(path);
    },
    async appendOnce(path, line, { mark, head = "" }) {
      trouble.before?.(path);
      const text = texts.get(path) ?? head;
      const known = text.split("\n").some((one) => mark.every((part) => one.includes(part)));
      if (!known) texts.set(path, `${text}${line}\n`);
      await trouble.after?.(path);
    },
  };
  return { files, texts, trouble };
}

/** Fails as a full disk does. */
export function diskFull(path: string): never {
  throw new AppError("unavailable", `appending to ${path}: ENOSPC; give the worker a writable directory with room`);
}

export type ReportWorld = { world: World; disk: Disk };

/** An incident is remedied by `fix`, which asks first, changes one thing and is verified. */
export function reportWorld(reports: ReportSettings | "none" = REPORTS, more: Partial<Config> = {}): ReportWorld {
  const world = createWorld({ ...CONFIG, ...more, ...(reports !== "none" && { reports }) } as Config);
  const disk = createDisk();
  world.deps.files = disk.files;
  scripted(world.actions, "t.fix", { answer: () => ({ ok: true, done: true, output: {} }) });
  scripted(world.actions, "t.look", { effect: "read", answer: () => ({ ok: true, done: true, output: { ok: true } }) });
  const steps = [step("fix", "t.fix")];
  world.playbooks.set(
    "fix",
    playbook("fix", steps, { autonomy: { P0: "approve", P1: "approve" }, verify: verify("t.look") }),
  );
  return { world, disk };
}

/** Opens the incident, stores its alert, and lets a person approve the run. */
export async function openAndApprove({ world }: ReportWorld, more: Partial<Incident> = {}): Promise<void> {
  await world.open("fix", { startedAt: world.clock.now() - 2 * MINUTE, severity: "P1", ...more });
  await world.store.commit({
    checks: [],
    writes: [
      { write: "put", kind: "alert", id: ALERT.id, body: ALERT },
      { write: "add", set: "incident:inc-1:episodes", members: [ALERT.id] },
    ],
  });
  await world.drain();
  const [approval = ""] = await world.store.members("incident:inc-1:approvals");
  assert.ok((await decide(world.deps, ANNA, { verb: "approve", approval })).ok);
  await world.drain();
}

/** What assess does when the last alert has ended. */
export async function resolve(house: ReportWorld): Promise<void> {
  await ended(house);
  await house.world.drain();
}

/** The same before anybody has looked at it. */
export async function ended({ world }: ReportWorld): Promise<void> {
  const doc = await world.store.get<Incident>("incident", "inc-1");
  assert.ok(doc);
  const now = world.clock.now();
  const extra = await resolvedWrites(world.store, doc.body, { now });
  const body: Incident = { ...doc.body, status: "resolved", resolvedAt: now };
  await world.store.commit({
    checks: extra.checks,
    writes: [{ write: "put", kind: "incident", id: "inc-1", body }, ...extra.writes],
  });
}

export async function reopen({ world }: ReportWorld): Promise<void> {
  const doc = await world.store.get<Incident>("incident", "inc-1");
  assert.ok(doc);
  const { resolvedAt: _, ...rest } = doc.body;
  const body: Incident = { ...rest, status: "open", opening: rest.opening + 1, reopenedAt: world.clock.now() };
  const writes: readonly Write[] = [
    { write: "put", kind: "incident", id: "inc-1", body },
    endedOpening(doc.body, world.clock.now()),
  ];
  await world.store.commit({ checks: [], writes });
}

/** Where the report of its one incident goes. */
export const REPORT = "reports/fix_incident_19700101_0016_inc-1.md";

/** Which paths are touched, in the order of their names, when five workers look after what the incident owes at once. */
export async function touchedByFive({ world, disk }: ReportWorld): Promise<readonly string[]> {
  const touched: string[] = [];
  disk.trouble.before = (path) => void touched.push(path);
  const handle = createWakeHandler(world.deps);
  const signal = new AbortController().signal;
  await Promise.all(Array.from({ length: 5 }, () => handle("follow:inc-1", signal, signal)));
  return touched.toSorted();
}
