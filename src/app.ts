import { loadClients } from "./actions/index.ts";
import { createHealth, type HealthDeps } from "./app/health.ts";
import { createLog } from "./app/log.ts";
import { sampleGauges } from "./app/samples.ts";
import { unheardCalls } from "./app/slack.ts";
import { openStorage } from "./app/storage.ts";
import { type Parts, wireParts } from "./app/wire.ts";
import { type Stoppable, startWorkers } from "./app/workers.ts";
import type { Config } from "./core/config.ts";
import type { Fault } from "./core/errors.ts";
import type { Log } from "./core/log.ts";
import { unusableOf } from "./core/playbook/installation.ts";
import type { Store } from "./core/store.ts";
import type { Milliseconds } from "./core/time.ts";
import { accept, admit } from "./flow/accept.ts";
import { withLastSeen } from "./flow/desk/last-seen.ts";
import { createHttp, type Http } from "./http/server.ts";

/** `web` takes alerts and decisions; `worker` assesses, runs and posts; `all` does both. Any number of each may run. */
export type Role = "all" | "web" | "worker";

export type AppOptions = {
  role?: Role;
  /** No credentials are asked for; binds to loopback whatever `host` says. */
  insecureDev?: boolean;
  host?: string;
  log?: Log;
  /** Where the console chat prints. */
  write?(line: string): void;
  colour?: boolean;
  /** The fault tier loses wake-ups with it. */
  dropAdds?(member: string): boolean;
  sweepEvery?: Milliseconds;
  /** How long one worker holds a run; shorter in tests. */
  claimFor?: Milliseconds;
  /** The fault tier ends the process at chosen commits with it. */
  wrapStore?(store: Store): Store;
};

/** A service that listens once started; `stop` ends it within the grace period. */
export type App = {
  start(): Promise<{ port: number }>;
  stop(grace: Milliseconds): Promise<void>;
  reload(): Promise<{ playbooks: number; faults: readonly Fault[] }>;
  /** For the lines that `serve` prints. */
  about: {
    embedded: boolean;
    durability: string;
    acceptedRisks: readonly string[];
    chat: string;
    playbooks: number;
    warnings: readonly string[];
  };
};

/**
 * The only wiring point: opens the store, the queue, the connections and the surfaces, and gives them to the four hops.
 * @throws AppError for a configuration or a Redis that stanch must not start with.
 */
export async function createApp(config: Config, options: AppOptions = {}): Promise<App> {
  const log = options.log ?? createLog(config.environment.logLevel);
  const storage = await openStorage(config, log);
  const write = options.write ?? (() => undefined);
  const { dropAdds, claimFor, wrapStore } = options;
  const faults = { ...(dropAdds && { dropAdds }), ...(claimFor && { claimFor }), ...(wrapStore && { wrapStore }) };
  const parts = await wireParts(config, { log, storage, write, colour: options.colour ?? false, ...faults }).catch(
    async (error: unknown) => {
      await storage.stop();
      throw error;
    },
  );
  sampleGauges(parts);
  return appOf(parts, options, openServer(parts, options));
}

function appOf(parts: Parts, options: AppOptions, http: Http): App {
  const { config, slack, queue, set, connections, storage } = parts;
  const role = options.role ?? "all";
  const running: Stoppable[] = [];
  return {
    async start() {
      await loadClients(config.connections);
      if (role !== "web") running.push(...(await startWorkers(parts, options)));
      if (role !== "worker") await slack?.start();
      const host = options.insecureDev ? "127.0.0.1" : (options.host ?? "0.0.0.0");
      return http.listen(config.environment.port, host);
    },
    async stop(grace) {
      const end = performance.now() + grace;
      await http.close(Math.min(grace / 2, 5_000));
      const left = Math.max(0, end - performance.now());
      await Promise.all([...running.map((one) => one.stop(left)), queue.stop(left)]);
      await slack?.stop();
      await Promise.all([set.close(), connections.close()]);
      await storage.stop();
    },
    reload: () => reload(parts),
    about: aboutOf(parts),
  };
}

function openServer(parts: Parts, options: AppOptions): Http {
  const { config, desk, metrics, log, slack, sources, intake } = parts;
  const clock = (): Milliseconds => performance.now();
  const receiver = slack?.receiver;
  return createHttp({
    accept: (source, request) => accept({ sources, intake, metrics, log, clock }, source, request),
    admit: (source, headers) => admit({ sources, metrics }, source, headers),
    desk: withLastSeen(desk, intake),
    tokens: config.api.tokens,
    insecure: options.insecureDev ?? false,
    onlyHealth: options.role === "worker",
    metrics,
    health: createHealth({ ...healthDeps(parts), worker: options.role !== "web", clock }),
    ...(receiver === undefined ? {} : { slackReceiver: receiver }),
    reload: () => reload(parts),
    maxBody: config.maxBody,
    log,
  });
}

function healthDeps({ config, storage, store, queue, set }: Parts): Omit<HealthDeps, "worker" | "clock"> {
  const { durability } = config;
  const unusablePlaybooks = () => unusableOf(set.current().playbooks);
  const deps = { store, queue, playbookFaults: () => set.faults(), unusablePlaybooks };
  if (durability.kind !== "wait") return deps;
  return { ...deps, replicas: { needed: durability.replicas, following: storage.replicas } };
}

async function reload({ set }: Parts): Promise<{ playbooks: number; faults: readonly Fault[] }> {
  await set.reload();
  return { playbooks: set.current().playbooks.length, faults: set.faults() };
}

const DURABILITY = {
  everysec:
    "everysec: a lost Redis host may cost the last second of accepted alerts, and so may a Redis killed while its disk is slow",
  wait: "wait: an alert is accepted when its replicas have it",
  "aof-always": "aof-always: every accepted alert is on disk first",
} as const;

function aboutOf({ config, storage, chat, set }: Parts): App["about"] {
  const { playbooks } = set.current();
  const unusable = unusableOf(playbooks).map(
    ({ playbook, reason }) => `playbook ${playbook} cannot run here: ${reason}`,
  );
  return {
    embedded: storage.embedded,
    durability: DURABILITY[storage.durability],
    acceptedRisks: storage.acceptedRisks,
    chat: chat.name,
    playbooks: playbooks.length,
    warnings: [...storage.warnings, ...unheardCalls(config), ...unusable],
  };
}
