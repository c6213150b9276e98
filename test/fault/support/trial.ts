import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Run } from "../../../src/core/run/run.ts";
import type { TestRedis } from "../../support/redis.ts";
import type { Faults, Point } from "./faults.ts";
import { isAgain, stateOf } from "./journals.ts";
import type { Scenario } from "./scenario.ts";
import { onStage, type Stage } from "./stage.ts";
import { ended, isFrozen, post, thaw } from "./workers.ts";

/** What one trial left behind. */
export type Left = {
  run: Run;
  state: string;
  effects: readonly string[];
  commits: readonly (readonly string[])[];
  said: readonly string[];
};

/** Plays a scenario to its end with these faults in its one worker; the journal's commits are traced. */
export function play(redis: TestRedis, scenario: Scenario, faults: Faults = {}): Promise<Left> {
  return onScene(redis, scenario, async (stage) => {
    const trace = join(stage.house.directory, "trace");
    assert.equal(await post(await stage.start({ ...faults, trace })), 202);
    await finished(stage, scenario);
    const isWhole = async () => linesOf(trace).flat().filter(isEnd).length >= (await endedRuns(stage));
    await stage.until("the worker to trace its last commit", isWhole);
    return { ...(await leftBy(stage)), commits: linesOf(trace) };
  });
}

/** The first worker dies at a point; a second one, which knows nothing of it, goes on. */
export function dieAt(redis: TestRedis, scenario: Scenario, kill: Point): Promise<Left> {
  return onScene(redis, scenario, async (stage) => {
    const first = await stage.start({ kill });
    assert.equal(await post(first), 202);
    assert.equal(await ended(first), "SIGKILL");
    await stage.start();
    await finished(stage, scenario);
    return leftBy(stage);
  });
}

/** The first worker is frozen at a point until a second one has settled everything, and then goes on as if nothing had been. */
export function freezeAt(redis: TestRedis, scenario: Scenario, point: Point): Promise<Left> {
  return onScene(redis, scenario, async (stage) => {
    const first = await stage.start({ kill: { ...point, signal: "SIGSTOP" } });
    assert.equal(await post(first), 202);
    await stage.until("the first worker to freeze", () => isFrozen(first));
    await stage.start();
    await finished(stage, scenario);
    await thaw(first);
    return leftBy(stage);
  });
}

/** People act on the latest worker all the while. */
function onScene<T>(redis: TestRedis, scenario: Scenario, act: (stage: Stage) => Promise<T>): Promise<T> {
  return onStage(redis, scenario.playbook, async (stage) => {
    scenario.prepare?.(stage.house);
    const people = { on: true };
    const acting = keepActing(people, stage, scenario.people);
    try {
      return await act(stage);
    } finally {
      people.on = false;
      await acting;
    }
  });
}

async function keepActing(people: { on: boolean }, { workers }: Stage, act: Scenario["people"]): Promise<void> {
  while (people.on) {
    const worker = workers.at(-1);
    if (worker) await act(worker).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function finished(stage: Stage, scenario: Scenario): Promise<void> {
  await stage.settled();
  const answered = scenario.shows.includes("answered");
  if (answered)
    await stage.until("every run to end", async () => (await stage.journals.runs()).every((run) => run.ended));
}

/** @throws AssertionError when the alert was lost, or has started more than one run. */
export async function leftBy({ journals, effects }: Stage): Promise<Left> {
  const [all, said] = await Promise.all([journals.runs(), journals.timeline()]);
  const [run, ...more] = all.filter((one) => one.created.trigger === "firing" && !isAgain(one));
  assert.ok(run, "the alert was lost: it started no run");
  assert.equal(more.length, 0, "the alert started a second run");
  return { run, state: stateOf(run), effects: effects(), commits: [], said };
}

async function endedRuns({ journals }: Stage): Promise<number> {
  return (await journals.runs()).filter((run) => run.ended).length;
}

/** Redis has a commit before the worker that sent it has its answer, and traces it. */
function isEnd(key: string): boolean {
  return key.split(" ")[1] === "ended";
}

/** The commits that are traced whole so far; none before the first. */
function linesOf(file: string): readonly (readonly string[])[] {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
  return lines.map((line) => JSON.parse(line) as readonly string[]);
}
