import { flushCompileCache } from "node:module";
import { type App, createApp } from "../app.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../core/config.ts";
import { formatFault } from "../core/errors.ts";
import type { Milliseconds } from "../core/time.ts";
import { Findings } from "./failure.ts";
import { giveBackMemory } from "./give-back.ts";
import type { Io } from "./io.ts";
import type { ServeOptions } from "./serve.ts";
import { clean, paint } from "./text.ts";
import { version } from "./version.ts";

/** What a shutdown may take; Kubernetes kills after 30 s. */
const GRACE: Milliseconds = 25_000;

/** Runs the service until a signal ends it. @throws AppError when it cannot start, Findings when a second signal cut it off. */
export async function serve(io: Io, options: ServeOptions): Promise<void> {
  const insecureDev = options.insecureDev === true;
  const file = io.env["STANCH_CONFIG"] ?? "stanch.yaml";
  const config = loadConfig({ file, environment: io.env, insecureDev });
  const signals = endSignals(io);
  const app = await createApp(config, { ...options, insecureDev, write: io.out, colour: io.color });
  const stopReloads = io.onSignal(["SIGHUP"], () => void reload(io, app));
  try {
    const { port } = await startOrStop(app);
    const host = insecureDev ? "127.0.0.1" : options.host;
    announce(io, { app, config, options, address: `http://${host}:${port}` });
    flushCompileCache();
    giveBackMemory();
    await signals.first;
    io.out("stopping: what is under way is finished first; a second signal ends it at once");
    await stopUnlessCut(app, signals);
  } finally {
    stopReloads();
    signals.stop();
  }
}

async function startOrStop(app: App): Promise<{ port: number }> {
  try {
    return await app.start();
  } catch (error) {
    await app.stop(0);
    throw error;
  }
}

async function stopUnlessCut(app: App, signals: EndSignals): Promise<void> {
  const ended = await Promise.race([app.stop(GRACE), signals.second.then(() => "cut" as const)]);
  if (ended === "cut") throw new Findings("a second signal ended it at once");
}

type EndSignals = { first: Promise<void>; second: Promise<void>; stop(): void };

/** The first signal asks for an orderly end, the second for an immediate one. */
function endSignals(io: Io): EndSignals {
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  let count = 0;
  const stop = io.onSignal(["SIGTERM", "SIGINT"], () => {
    count++;
    (count === 1 ? first : second).resolve();
  });
  return { first: first.promise, second: second.promise, stop };
}

type Started = { app: App; config: Config; options: ServeOptions; address: string };

function announce(io: Io, { app, config, options, address }: Started): void {
  const { about } = app;
  io.out(`${paint(io, "bold", `stanch ${version()}`)} (role ${options.role}) listens on ${address}`);
  io.out(`durability ${about.durability}`);
  for (const risk of about.acceptedRisks) io.out(`           ${paint(io, "yellow", "accepted risk:")} ${clean(risk)}`);
  io.out(`redis      ${about.embedded ? "embedded, with its data in .stanch/" : "from REDIS_URL"}`);
  io.out(`playbooks  ${about.playbooks} from ${clean(config.environment.playbooks)}`);
  io.out(`chat       ${about.chat}`);
  if (options.insecureDev) io.out(paint(io, "yellow", "no credentials are asked for (--insecure-dev)"));
  for (const warning of about.warnings) io.out(`${paint(io, "yellow", "warning:")} ${clean(warning)}`);
}

async function reload(io: Io, app: App): Promise<void> {
  const { playbooks, faults } = await app.reload();
  if (faults.length === 0) return io.out(`reloaded: ${playbooks} playbook${playbooks === 1 ? "" : "s"}`);
  io.err(`the playbooks have faults; the last good set of ${playbooks} stays in force`);
  for (const fault of faults) io.err(`  ${clean(formatFault(fault))}`);
}
