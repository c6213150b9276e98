import { actionsWith, createConnections } from "../actions/index.ts";
import { openPlaybookSet } from "../config/playbook-set.ts";
import type { Config } from "../core/config.ts";
import type { Desk } from "../core/desk.ts";
import { AppError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Store } from "../core/store.ts";
import type { Milliseconds } from "../core/time.ts";
import { manualIncident } from "../flow/decide/start.ts";
import { createDesk } from "../flow/desk/desk.ts";
import { type PlanDeps, planBody, previewRun } from "../flow/desk/plan.ts";
import { unassessedAlerts } from "../flow/desk/unassessed.ts";
import { createMetrics } from "../http/metrics.ts";
import { createBullmqQueue } from "../queue/bullmq.ts";
import { localFirst } from "../queue/local-first.ts";
import { awsDeps, createSources } from "../sources/index.ts";
import { createFiles } from "../store/files.ts";
import { createEngine, type Engine, type EngineParts, parseWith } from "./engine.ts";
import { createNewRuns, type NewRuns } from "./new-runs.ts";
import { createPlaybookOf, indexOf, parseOptions } from "./playbooks.ts";
import { prepareChat } from "./slack.ts";
import type { Storage } from "./storage.ts";

export type WireOptions = {
  log: Log;
  storage: Storage;
  write(line: string): void;
  colour: boolean;
  dropAdds?(member: string): boolean;
  claimFor?: Milliseconds;
  wrapStore?(store: Store): Store;
};

export type Parts = Awaited<ReturnType<typeof wireParts>>;

/** Makes every part once and gives each what it needs; nothing listens or works yet. */
export async function wireParts(config: Config, options: WireOptions) {
  const { log, storage, write, colour } = options;
  const surface = await prepareChat(config, { log, write, colour });
  const actions = actionsWith(storage.store);
  const connections = createConnections(config.connections);
  const reading = parseOptions(config, actions, connections);
  const set = await openPlaybookSet({ directory: config.environment.playbooks, log, ...reading });
  const sources = createSources(config.sources, { ...awsDeps, now: Date.now });
  const metrics = createMetrics({ log, sources: [...sources.keys()] });
  const onError = (err: unknown, what: string): void => log.warn({ err, what }, "the queue had trouble");
  const drop = options.dropAdds === undefined ? {} : { dropAdds: options.dropAdds };
  const jobs = createBullmqQueue({ url: storage.url, onError, ...drop });
  const queue = localFirst(jobs, { onError, ...drop });
  const all = (): ReturnType<typeof set.current>["playbooks"] => set.current().playbooks;
  const parts: EngineParts & { newRuns: NewRuns } = {
    config,
    store: options.wrapStore?.(storage.store) ?? storage.store,
    intake: storage.intake,
    queue,
    newRuns: createNewRuns(log),
    actions,
    connections,
    sources,
    playbooks: { all, byName: (name) => all().find((one) => one.name === name), index: indexOf(all) },
    playbookOf: createPlaybookOf(storage.store, reading),
    slackGroup: surface.groups,
    files: createFiles(),
    metrics,
    log,
    ...(options.claimFor === undefined ? {} : { claimFor: options.claimFor }),
  };
  const engine = createEngine(parts);
  const desk = openDesk(parts, engine);
  const { chat, slack } = surface.open(desk);
  return { ...parts, jobs, connections, metrics, engine, desk, chat, slack, set, storage };
}

function openDesk(parts: EngineParts, engine: Engine): Desk {
  const { store, intake, playbooks, config } = parts;
  const parse: PlanDeps["parse"] = (source, body) => parseWith(parts.sources, source, body);
  const plan: PlanDeps = { ...parts, parse, assess: engine.assess.plan, autonomyLimits: engine.limits };
  return createDesk({
    store,
    playbooks: playbooks.all,
    demoted: async () => (await engine.limits()).demoted,
    decide: engine.decide,
    plan: (source, body) => planBody(plan, source, body),
    async preview(name, vars) {
      const playbook = playbooks.byName(name);
      if (!playbook) throw new AppError("not_found", `no playbook ${name}`);
      const now = await store.now();
      return previewRun(plan, playbook, vars, {
        incident: manualIncident("inc-new", { by: "preview", playbook, now }),
        now,
      });
    },
    unassessed: (limit) => unassessedAlerts(intake, parse, limit),
    ...(config.reports === undefined ? {} : { postMortemWithin: config.reports.postMortemWithin }),
  });
}
