import { pino } from "pino";
import type { Desk } from "../../src/core/desk.ts";
import { accept } from "../../src/flow/accept.ts";
import { createMetrics } from "../../src/http/metrics.ts";
import { createHttp } from "../../src/http/server.ts";
import { awsDeps, createSources } from "../../src/sources/index.ts";
import { connectRedisStore } from "../../src/store/redis/index.ts";
import { report } from "./listen.ts";

/* stanch's own way from the socket to Redis, with metrics and log as in production; the rest of the process is left out. */
const log = pino({ level: "info" }, pino.destination("/dev/null"));
const metrics = createMetrics({ log });
const { intake } = connectRedisStore({ url: process.env["REDIS_URL"] ?? "", durability: { kind: "everysec" } });
const sources = createSources({ alertmanager: { kind: "none" } }, { ...awsDeps, now: () => Date.now() });
const deps = { sources, intake, metrics, log, clock: () => performance.now() };
const http = createHttp({
  accept: (source, request) => accept(deps, source, request),
  desk: {} as Desk,
  tokens: [],
  metrics,
  health: { ready: async () => ({ ready: true, checks: {}, playbookFaults: [], unusablePlaybooks: [] }) },
  reload: async () => ({ playbooks: 0, faults: [] }),
  maxBody: 10_000_000,
  log,
});
const { port } = await http.listen(0, "127.0.0.1");
report(port);
