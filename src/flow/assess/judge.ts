import { type Classified, classify } from "../../core/classify.ts";
import type { Scope } from "../../core/scope.ts";
import type { AssessDeps } from "./deps.ts";
import type { Facts } from "./facts.ts";
import type { Scene, Seen } from "./look.ts";
import { alertScope, type Subject } from "./subject.ts";

/** An open episode with its measured facts and what the severity rules make of them. */
export type Judged = { seen: Seen; facts: Facts; classified: Classified };

/** Facts measured before the locks were taken, so that a slow query holds nobody up. */
export type Measured = ReadonlyMap<Subject, Facts>;

/** Measures the facts of all subjects that say they fire; equal queries are asked once. */
export async function measure(deps: AssessDeps, subjects: readonly Subject[]): Promise<Measured> {
  if (deps.config.facts.length === 0) return new Map();
  const now = await deps.store.now();
  const firing = subjects.filter((subject) => subject.alert.status !== "resolved");
  const { vars } = deps.config;
  const rows = await Promise.all(
    firing.map(
      async (subject) => [subject, await deps.facts.read(alertScope({ alert: subject.alert, now, vars }))] as const,
    ),
  );
  return new Map(rows);
}

/** Classifies the open episodes of the scene; facts of those that did not say they fire are measured now. */
export async function judge(deps: AssessDeps, scene: Scene, measured: Measured): Promise<readonly Judged[]> {
  const open = scene.seen.filter(({ state }) => state.status !== "resolved");
  if (deps.config.facts.length === 0) return open.map((seen) => judgeOne(deps, { scene, seen, facts: {} }));
  const judged: Judged[] = [];
  for (const seen of open) {
    const facts = measured.get(seen.subject) ?? (await deps.facts.read(alertScope(partsOf(deps, scene, seen))));
    judged.push(judgeOne(deps, { scene, seen, facts }));
  }
  return judged;
}

type One = { scene: Scene; seen: Seen; facts: Facts };

function judgeOne(deps: AssessDeps, { scene, seen, facts }: One): Judged {
  const scope = alertScope({ ...partsOf(deps, scene, seen), facts });
  return { seen, facts, classified: classify(deps.config.severity, scope, seen.state.openedAt) };
}

function partsOf({ config }: AssessDeps, scene: Scene, { subject }: Seen) {
  return { alert: subject.alert, now: scene.now, vars: config.vars, incident: incidentView(scene, subject) };
}

function incidentView(scene: Scene, { correlation }: Subject): Scope["incident"] {
  const doc = scene.incidents.get(scene.current.get(correlation.key) ?? "");
  if (doc === undefined) return { id: "", key: correlation.key, severity: "", opening: 0, labels: correlation.labels };
  const { id, key, severity, opening, labels } = doc.body;
  return { id, key, severity, opening, labels };
}
