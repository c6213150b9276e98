import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Config } from "../core/config.ts";
import { messageOf } from "../core/errors.ts";
import { connectRedisStore } from "../store/redis/index.ts";
import type { Finding } from "./doctor-report.ts";
import type { Io } from "./io.ts";

const SERVERS = ["redis-server", "valkey-server"] as const;
const area = "redis";

/** The Redis of `REDIS_URL`, or the program that `serve` would start; what only warns at the start is a finding here. */
export async function examineRedis(io: Io, config: Config): Promise<readonly Finding[]> {
  const { redisUrl } = config.environment;
  return redisUrl === undefined ? [embedded(io)] : given(redisUrl, config);
}

async function given(url: string, config: Config): Promise<readonly Finding[]> {
  const backend = connectRedisStore({ url, durability: config.durability, onTrouble: () => {} });
  try {
    const { acceptedRisks = [] } = config;
    const found = await backend.check({ acceptedRisks });
    const what = "REDIS_URL";
    if (found.length === 0) return [{ area, what, ok: true }];
    return found.map(({ message, level }) =>
      level === "accepted"
        ? { area, what: `${what} (accepted risk)`, ok: true, note: message }
        : { area, what: `${what} (${level})`, ok: false, remedy: message },
    );
  } catch (error) {
    const remedy = `${messageOf(error)}; check REDIS_URL and that Redis runs`;
    return [{ area, what: "REDIS_URL", ok: false, remedy }];
  } finally {
    await backend.close();
  }
}

function embedded({ env }: Io): Finding {
  const program = SERVERS.find((name) => isOnPath(name, env["PATH"] ?? ""));
  if (program === undefined) {
    return { area, what: "no REDIS_URL", ok: false, remedy: `set it, or install ${SERVERS.join(" or ")}` };
  }
  const note = "without REDIS_URL it keeps its data in .stanch/ and serves one process only";
  return { area, what: `${program}, started by serve`, ok: true, note };
}

function isOnPath(name: string, path: string): boolean {
  return path
    .split(delimiter)
    .filter((folder) => folder !== "")
    .some((folder) => canRun(join(folder, name)));
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
