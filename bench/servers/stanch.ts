import { createLog } from "../../src/app/log.ts";
import { createApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { report } from "./listen.ts";

/* The whole of stanch as `serve` runs it; the environment says which configuration, playbooks and Redis. */
const file = process.env["STANCH_CONFIG"] ?? "stanch.yaml";
const config = loadConfig({ file, environment: process.env, insecureDev: true });
const app = await createApp(config, { insecureDev: true, log: createLog(config.environment.logLevel) });
const { port } = await app.start();
report(port);
