import { flushCompileCache } from "node:module";
import { actions } from "../../src/actions/index.ts";
import { createLog } from "../../src/app/log.ts";
import { createApp } from "../../src/app.ts";
import { giveBackMemory } from "../../src/cli/give-back.ts";
import { loadConfig } from "../../src/config/load.ts";
import { report } from "./listen.ts";

/* The whole of stanch as `serve` runs it; the environment says which configuration, playbooks and Redis. */
const file = process.env["STANCH_CONFIG"] ?? "stanch.yaml";
const config = loadConfig({ file, environment: process.env, insecureDev: true });
const app = await createApp(config, { insecureDev: true, log: createLog(config.environment.logLevel) });
tellFirstActions();
const { port } = await app.start();
flushCompileCache();
giveBackMemory();
report(port);

/** Tells the benchmark when the engine calls a playbook's action; what the action then does is not stanch's time. */
function tellFirstActions(): void {
  const check = actions.get("http.check");
  if (!check) return;
  check.run = async (input) => {
    const at = performance.timeOrigin + performance.now();
    process.send?.({ called: String(input["path"]).split("/").at(-1), at });
    return { ok: true, done: true, output: { ok: true } };
  };
}
