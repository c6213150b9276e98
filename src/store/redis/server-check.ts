import type { Redis } from "ioredis";
import type { Config, RedisRisk } from "../../core/config.ts";
import type { Link } from "./link.ts";

/**
 * What start-up found; one `fatal` and `serve` must not start. `message` names the setting and the remedy; of an `accepted` risk it
 * says what that costs.
 */
export type Finding = { level: "fatal" | "warning" | "accepted"; message: string };

/** `acceptedRisks`: `redis.accept-risk`, what the operator has said may be so. */
export type ServerCheckOptions = { durability: Config["durability"]; acceptedRisks?: readonly RedisRisk[] };

type Info = Readonly<Record<string, string>>;

const OLDEST = [6, 2] as const;

/**
 * Checks what the promise "accepted means kept" rests on: version, role, AOF, eviction, and what `durability` asks for.
 * Managed servers forbid CONFIG: what INFO does not tell becomes a warning then. @throws AppError `unavailable`.
 */
export async function checkServer(link: Link, options: ServerCheckOptions): Promise<readonly Finding[]> {
  const info = readInfo(await link.call((redis) => redis.info()));
  const fsync = await link.call((redis) => configOf(redis, "appendfsync"));
  return [
    ...versionFindings(info),
    ...evictionFindings(info, options),
    ...persistenceFindings(info, options),
    ...durabilityFindings(info, fsync, options.durability),
  ];
}

function readInfo(text: string): Info {
  const pairs = text.split("\r\n").map((line) => line.split(":", 2));
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
}

/** Undefined where CONFIG is forbidden or renamed. */
async function configOf(redis: Redis, name: string): Promise<string | undefined> {
  try {
    const reply: unknown = await redis.config("GET", name);
    return Array.isArray(reply) && reply.length > 1 ? String(reply[1]) : undefined;
  } catch (error) {
    if (error instanceof Error && error.name === "ReplyError") return undefined;
    throw error;
  }
}

function* versionFindings(info: Info): Iterable<Finding> {
  const version = info["redis_version"] ?? "unknown";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
    yield {
      level: "fatal",
      message: `Redis is version ${version}; stanch needs ${OLDEST.join(".")} or later, or Valkey`,
    };
  if (info["role"] === "slave")
    yield { level: "fatal", message: "Redis is a replica, which cannot be written to; point REDIS_URL at the primary" };
}

function* evictionFindings(info: Info, { acceptedRisks = [] }: ServerCheckOptions): Iterable<Finding> {
  const policy = info["maxmemory_policy"];
  const has = `Redis has maxmemory-policy ${policy}`;
  if (policy !== undefined && policy !== "noeviction")
    yield acceptedRisks.includes("eviction")
      ? {
          level: "accepted",
          message: `${has}: when its memory is full, alerts, runs, locks and leases can vanish unseen`,
        }
      : { level: "fatal", message: `${has} and may delete what was accepted; set it to noeviction` };
  if (policy === undefined)
    yield { level: "warning", message: "Redis does not tell its maxmemory-policy; make sure that it is noeviction" };
}

/** Not even an accepted risk makes `aof-always` true without an append-only file. */
function* persistenceFindings(info: Info, { durability, acceptedRisks = [] }: ServerCheckOptions): Iterable<Finding> {
  const aof = info["aof_enabled"];
  const cost = "Redis keeps no append-only file, so a restart loses every alert, run and lease";
  if (aof === "0")
    yield acceptedRisks.includes("no-aof") && durability.kind !== "aof-always"
      ? { level: "accepted", message: cost }
      : { level: "fatal", message: `${cost}; set appendonly yes` };
  if (aof === undefined)
    yield {
      level: "warning",
      message: "Redis does not tell whether it keeps an append-only file; make sure that it does",
    };
  if (info["aof_last_write_status"] === "err")
    yield { level: "warning", message: "Redis could not write its append-only file lately; see its disk and its log" };
}

function* durabilityFindings(
  info: Info,
  fsync: string | undefined,
  durability: ServerCheckOptions["durability"],
): Iterable<Finding> {
  if (durability.kind === "aof-always" && fsync !== "always")
    yield {
      level: fsync === undefined ? "warning" : "fatal",
      message: `durability is aof-always, but Redis ${fsync === undefined ? "does not tell its appendfsync" : `has appendfsync ${fsync}`}; set appendfsync always`,
    };
  if (durability.kind === "wait" && Number(info["connected_slaves"] ?? 0) < durability.replicas)
    yield {
      level: "warning",
      message: `durability is wait:${durability.replicas}, but ${info["connected_slaves"] ?? 0} replicas are connected; alerts are answered 503 until they are`,
    };
}
