import { once } from "node:events";
import { parseArgs } from "node:util";
import { tell } from "./demo/story.ts";
import { createTerminal, type Terminal } from "./demo/terminal.ts";
import { type Stops, startWorld } from "./demo/world.ts";
import { ensurePrograms, REDIS, remedy } from "./lib/packages.ts";

const HELP = `npm run demo -- [--keep] [--manual] [--recorded]
  A gateway's provider fails, an alert fires, stanch enables the fallback, errors fall, the incident closes.
  --keep      stay up afterwards, until Ctrl-C
  --manual    a person approves the change
  --recorded  play recorded notifications even where Prometheus and Alertmanager are installed
`;
/** About a minute usually; a machine that is three times slower comes to its end, too. */
const LIMIT_MS = 180_000;

const OFF = { type: "boolean", default: false } as const;

const flags = readFlags();
if (flags === undefined) process.exitCode = 2;
else if (flags.help) process.stdout.write(HELP);
else process.exitCode = await main(flags);

type Flags = { keep: boolean; manual: boolean; recorded: boolean };

/** Undefined, after saying what there is, for what is no flag. */
function readFlags(): (Flags & { help: boolean }) | undefined {
  try {
    return parseArgs({ options: { keep: OFF, manual: OFF, recorded: OFF, help: OFF } }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${HELP}`);
    return undefined;
  }
}

/** Runs the demo; whatever happens, every process it started is stopped. 0 fine, 1 the story did not end well. */
async function main(flags: Flags): Promise<number> {
  const terminal = createTerminal();
  const missing = ensurePrograms([REDIS], (line) => terminal.line(line));
  if (missing.length > 0) {
    process.stderr.write(`${remedy(missing)}\n`);
    return 1;
  }
  const stops: Stops = [];
  stopOnSignal(stops);
  try {
    await play(stops, terminal, flags);
    return 0;
  } catch (error) {
    terminal.bad(error instanceof Error ? error.message : String(error));
    if (error instanceof Error && error.cause instanceof Error) terminal.detail(error.cause.message);
    return 1;
  } finally {
    await stopAll(stops);
  }
}

async function play(stops: Stops, terminal: Terminal, { keep, ...flags }: Flags): Promise<void> {
  terminal.chapter("Everything starts");
  const world = await startWorld(stops, terminal, flags);
  const deadline = performance.now() + (flags.manual ? LIMIT_MS + 300_000 : LIMIT_MS - terminal.seconds() * 1000);
  try {
    await tell(world, terminal, { left: () => Math.max(1, deadline - performance.now()) }, flags.manual);
  } catch (error) {
    process.stderr.write(`\nthe last lines of stanch's log:\n${world.stanch.process.output().slice(-3_000)}\n`);
    throw error;
  }
  process.stdout.write(`\nDone in ${terminal.seconds().toFixed(0)} s.\n`);
  if (keep) await stayUp(world.stanch.url, world.dir);
}

/** The first signal stops everything in order; further ones change nothing, so that no process of ours is left behind. */
function stopOnSignal(stops: Stops): void {
  let asked = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (!asked) void stopAll(stops).then(() => process.exit(130));
      asked = true;
    });
  }
}

async function stayUp(url: string, dir: string): Promise<void> {
  process.stdout.write(`Staying up; Ctrl-C ends it. Try:\n`);
  process.stdout.write(`  curl -H "authorization: Bearer $(cat ${dir}/api-token)" ${url}/api/v1/incidents\n`);
  // A pending timer keeps the process alive until a signal ends it.
  const idle = setInterval(() => {}, 60_000);
  await once(process, "beforeExit");
  clearInterval(idle);
}

async function stopAll(stops: Stops): Promise<void> {
  for (const stop of stops.splice(0).reverse()) await stop().catch(() => undefined);
}
