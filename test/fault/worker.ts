import { appendFileSync } from "node:fs";
import { createLog } from "../../src/app/log.ts";
import { createApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Store, Tx } from "../../src/core/store.ts";
import { eventKey, type Faults } from "./support/faults.ts";

/** A stanch process of the fault tier: it prints its port, and plays the faults that the variable FAULTS (JSON) asks for. */
const environment = process.env;
const faults: Faults = JSON.parse(environment["FAULTS"] ?? "{}");
// Loading a client library takes long on a busy machine, and the claims here are short.
for (const library of (environment["LIBRARIES"] ?? "").split(" ").filter(Boolean)) await import(library);
const config = loadConfig({ file: environment["STANCH_CONFIG"] ?? "", environment, insecureDev: false });
const app = await createApp(config, {
  host: "127.0.0.1",
  log: createLog(config.environment.logLevel),
  claimFor: faults.claimFor ?? 8_000,
  sweepEvery: 500,
  wrapStore: (store) => ({ ...store, commit: (tx) => commit(store, tx) }),
  dropAdds: (member) => drops(member),
});
const { port } = await app.start();
process.stdout.write(`${port}\n`);
process.once("SIGTERM", () => void app.stop(faults.grace ?? 10_000).then(() => process.stdout.write("stopped\n")));

const seen = new Map<string, number>();
const added = new Map<string, number>();

async function commit(store: Store, tx: Tx): ReturnType<Store["commit"]> {
  const keys = keysOf(tx);
  const here = keys.includes(faults.kill?.key ?? "") && nth(faults.kill?.key ?? "") === (faults.kill?.nth ?? 1);
  if (here && faults.kill?.when === "before") end();
  const committed = await store.commit(tx);
  if (committed.ok && faults.trace !== undefined && keys.length > 0)
    appendFileSync(faults.trace, `${JSON.stringify(keys)}\n`);
  if (here && committed.ok && faults.kill?.when === "after") end();
  return committed;
}

/** As `kill -9` does it: nothing of this process runs after it. */
function end(): void {
  process.kill(process.pid, faults.kill?.signal ?? "SIGKILL");
}

function nth(key: string): number {
  const count = (seen.get(key) ?? 0) + 1;
  seen.set(key, count);
  return count;
}

function keysOf(tx: Tx): readonly string[] {
  return tx.writes.flatMap((one) =>
    one.write === "append" && one.list.startsWith("run:") ? one.items.map((item) => eventKey(one.list, item)) : [],
  );
}

/** Counted per member by this process: `once` loses the first add, `most` four of five. */
function drops(member: string): boolean {
  if (faults.drop === undefined) return false;
  const count = (added.get(member) ?? 0) + 1;
  added.set(member, count);
  return faults.drop === "once" ? count === 1 : count % 5 !== 0;
}
