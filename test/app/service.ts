import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type App, createApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { type Log, silentLog } from "../../src/core/log.ts";
import { startRedis } from "../support/redis.ts";

/** What a test changes of the service: keys of `stanch.yaml`, its log, and directives of its redis-server. */
export type ServiceOptions = {
  yaml?: string;
  log?: Log;
  redis?: Readonly<Record<string, string>>;
};

/** A whole service without playbooks on a Redis of its own, both gone when the test ends. */
export async function startService(
  context: TestContext,
  { yaml = "", log = silentLog, redis = {} }: ServiceOptions = {},
) {
  const server = await startRedis(redis);
  const directory = await mkdtemp(join(tmpdir(), "stanch-service-"));
  const opened: App[] = [];
  context.after(async () => {
    await Promise.all(opened.map((one) => one.stop(500)));
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  });
  await mkdir(join(directory, "playbooks"));
  await writeFile(join(directory, "stanch.yaml"), `version: 1\n${yaml}\n`);
  const environment = {
    PORT: "0",
    REDIS_URL: server.url,
    STANCH_PLAYBOOKS: join(directory, "playbooks"),
    LOG_LEVEL: "silent",
  };
  const config = loadConfig({ file: join(directory, "stanch.yaml"), environment, insecureDev: true });
  const app = await createApp(config, { insecureDev: true, log, sweepEvery: 100 });
  opened.push(app);
  const url = `http://127.0.0.1:${(await app.start()).port}`;
  const ask = async (path: string, body?: string) => {
    const response = await fetch(url + path, body === undefined ? {} : { method: "POST", body });
    return { status: response.status, json: JSON.parse(await response.text()) };
  };
  return { app, server, ask, url };
}
