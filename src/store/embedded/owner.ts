import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { AppError } from "../../core/errors.ts";
import { connectOnce } from "./probe.ts";

/** Where a server of ours listens, and which stanch process it belongs to. */
export type Place = { directory: string; port: number; password: string; owner: number };

const FILE = "embedded-redis.json";

/**
 * Makes the directory this process's: a server that an ended stanch left behind is shut down first, so that two never
 * write one append-only file. @throws AppError `conflict` when a living stanch has it.
 */
export async function takeOver(directory: string): Promise<Place> {
  const left = await readPlace(directory);
  if (left) await shutDown(left);
  const place = { directory, port: await freePort(), password: randomBytes(18).toString("hex"), owner: process.pid };
  await writeFile(join(directory, FILE), JSON.stringify(place), { mode: 0o600 });
  return place;
}

/** Removes the note of who runs a server on this directory; it is fine when there is none. */
export async function forgetOwner(directory: string): Promise<void> {
  await rm(join(directory, FILE), { force: true });
}

async function readPlace(directory: string): Promise<Place | undefined> {
  try {
    const place: Partial<Place> = JSON.parse(await readFile(join(directory, FILE), "utf8"));
    const { port, password, owner } = place;
    if (port === undefined || password === undefined || owner === undefined) return undefined;
    return { directory, port, password, owner };
  } catch {
    return undefined;
  }
}

/** A file without a living server is stale, whatever process has its number by now (in a container it is always 1). */
async function shutDown(left: Place): Promise<void> {
  const redis = await connectOnce(left);
  if (!redis) return;
  if (left.owner !== process.pid && isAlive(left.owner)) {
    redis.disconnect();
    const message = `starting the embedded Redis: stanch with process id ${left.owner} already uses ${left.directory}; stop it, use another directory, or set REDIS_URL`;
    throw new AppError("conflict", message);
  }
  await redis.shutdown("NOSAVE").catch(() => undefined);
  redis.disconnect();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port was assigned");
  return address.port;
}
