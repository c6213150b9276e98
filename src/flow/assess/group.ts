import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../core/errors.ts";
import type { Write } from "../../core/store.ts";
import type { Instant } from "../../core/time.ts";
import { type Ahead, aheadOf, joinAhead } from "./ahead.ts";
import { commitPart } from "./commit-part.ts";
import { type AssessDeps, joinParts, type Part } from "./deps.ts";
import { foresee, foreseenChecks } from "./foresee.ts";
import { judge, type Measured, measure } from "./judge.ts";
import type { Hold } from "./locks.ts";
import { forget, lookAtEpisodes, lookAtIncidents, type Scene, type Sight } from "./look.ts";
import { type IncidentPass, settleIncident } from "./settle-incident.ts";
import { settleLoose } from "./settle-loose.ts";
import { type IncidentCase, sort } from "./sort.ts";
import type { Subject } from "./subject.ts";
import type { Look } from "./waiting.ts";

/** `acks`: stream entries that are done with this commit. `again`: a re-assessment, which plans its successor itself. */
export type GroupOptions = { acks?: readonly Write[]; again?: boolean; vanished?: ReadonlySet<string> };

/** What the caller may need for planning: standing remarks, the earliest `for`, and the next look at episodes without an incident. */
export type GroupResult = { remarks: readonly string[]; dueAt?: Instant; look?: Look };

const TRIES = 40;
/** Packing more writes than this takes long enough to deserve a turn of the event loop of its own. */
const LARGE = 50;
/** So many alerts are judged so soon that waiting for a turn would take longer. */
const FEW = 5;
const NO_ONE: ReadonlySet<string> = new Set();

/**
 * Brings records, incidents and runs in line with the current states of these episodes, in one commit. When something it
 * decided on has changed meanwhile, it reads and decides again. Called twice with the same subjects it changes nothing more.
 * @throws AppError `unavailable` when the store cannot be reached or others win every time.
 */
export async function assessSubjects(
  deps: AssessDeps,
  subjects: readonly Subject[],
  options: GroupOptions,
): Promise<GroupResult> {
  const attempt: Attempt = { options, measured: await measure(deps, subjects) };
  const keys = subjects.map((subject) => subject.correlation.key);
  for (let tries = 0; tries < TRIES; tries += 1) {
    const foreseen = tries === 0 ? foresee(deps, subjects) : undefined;
    const sight = foreseen ?? (await lookAtEpisodes(deps, subjects));
    const { result, committed } = await deps.locks.hold(keys, (hold) =>
      decide(deps, { subjects, sight, isForeseen: foreseen !== undefined, attempt, hold }),
    );
    if (committed) return result;
    forget(deps, subjects);
    await sleep(Math.random() * Math.min(50, 2 ** tries));
  }
  throw new AppError("unavailable", "assessing alerts: others changed the same incident every time; it is tried again");
}

type Attempt = { options: GroupOptions; measured: Measured };
type Deciding = {
  subjects: readonly Subject[];
  sight: Sight;
  isForeseen: boolean;
  attempt: Attempt;
  hold: Hold<Ahead>;
};

/**
 * Decides on what the former holder of the lock is about to commit, while that is on its way, and commits when it took place. The next
 * holder decides on this commit in the same way: a revision that was only foreseen could be another worker's with other content.
 */
async function decide(
  deps: AssessDeps,
  { subjects, sight, isForeseen, attempt, hold }: Deciding,
): Promise<{ result: GroupResult; committed: boolean }> {
  const scene = await lookAtIncidents(deps, subjects, { sight, ahead: joinAhead(hold.plans) });
  const { part, result } = await prepare(deps, scene, { ...attempt, storedSoFar: hold.cameAbout });
  if (part.writes.length > LARGE) await deps.turn();
  if (!(await hold.cameAbout())) return { result, committed: false };
  hold.plan(aheadOf(scene, part.writes));
  const checks = isForeseen ? [...foreseenChecks(subjects, scene), ...part.checks] : part.checks;
  return { result, committed: await commitPart(deps, { ...part, checks }) };
}

type Preparing = Attempt & Pick<IncidentPass, "storedSoFar">;

async function prepare(
  deps: AssessDeps,
  scene: Scene,
  { options, measured, storedSoFar }: Preparing,
): Promise<{ part: Part; result: GroupResult }> {
  if (scene.seen.length > FEW) await deps.turn();
  const judged = await judge(deps, scene, measured);
  const { reopenWithin } = deps.config.incidents;
  const { now } = scene;
  const cases = sort(scene, judged, { reopenWithin, vanished: options.vanished ?? NO_ONE });
  const again = options.again === true;
  const loose = settleLoose(deps, cases.loose, { now, again });
  const settled = await Promise.all(
    cases.incidents.map(async (one) => {
      const id = one.known?.body.id ?? (await newId(deps));
      const pointer = scene.current.get(one.correlation.key);
      return settleIncident(deps, one, { now, id, pointer, again, storedSoFar });
    }),
  );
  const part = joinParts([...settled.map((one) => one.part), loose.part, acknowledgement(options)]);
  const dueAt = earliestFor(cases.incidents, scene);
  const remarks = settled.flatMap((one) => one.remarks);
  return { part, result: { remarks, ...(dueAt === undefined ? {} : { dueAt }), ...lookOf(loose) } };
}

function lookOf({ look }: { look?: Look }): { look?: Look } {
  return look === undefined ? {} : { look };
}

/** A number that people say aloud; the counter is shared with incidents that people make. A lost race leaves a gap. */
async function newId(deps: AssessDeps): Promise<string> {
  return `inc-${await deps.store.next("incidents")}`;
}

function acknowledgement({ acks = [] }: GroupOptions): Part {
  return { checks: [], writes: acks, wakes: [] };
}

function earliestFor(incidents: readonly IncidentCase[], scene: Scene): Instant | undefined {
  const dues = incidents
    .flatMap((one) => [...one.joining, ...one.keeping])
    .flatMap(({ classified }) => classified.dueAt ?? []);
  const ahead = dues.filter((at) => at > scene.now);
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}
