import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { AppError } from "../../core/errors.ts";
import { connectOnce } from "./probe.ts";

/** Where a server of ours listens, and which stanch process it belongs to. */
export type Place = { directory: string; port: number; password: string; owner: number };

const FILE = "embedded-redis.json";

/** Gives a file a second name, or fails with EEXIST; some file systems cannot. */
type Link = (file: string, name: string) => Promise<void>;

/**
 * Makes the directory this process's: a server that an ended stanch left behind is shut down first, so that two never
 * write one append-only file. @throws AppError `conflict` when a living stanch has it, or takes it at this moment.
 */
export async function takeOver(directory: string, linked: Link = link): Promise<Place> {
  const left = await readNote(join(directory, FILE));
  if (left !== undefined) {
    const old = placeOf(directory, left);
    if (old) await shutDown(old);
    await removeNote(directory, left, linked);
  }
  const place = { directory, port: await freePort(), password: randomBytes(18).toString("hex"), owner: process.pid };
  try {
    await note(directory, JSON.stringify(place), linked);
  } catch (cause) {
    if (!hasCode(cause, "EEXIST")) throw cause;
    throw new AppError("conflict", inUse("another stanch", directory), { cause });
  }
  return place;
}

/** Of several that start at once one gets the name, the others EEXIST; a note is whole as soon as it can be seen. */
async function note(directory: string, text: string, linked: Link): Promise<void> {
  const [file, aside] = [join(directory, FILE), asideOf(directory)];
  await writeFile(aside, text, { mode: 0o600 });
  try {
    await linked(aside, file);
  } catch (error) {
    if (hasCode(error, "EEXIST")) throw error;
    // A file system without links, such as FAT or some network mounts: a note that is not whole yet counts as one that was left.
    await writeFile(file, text, { mode: 0o600, flag: "wx" });
  } finally {
    await rm(aside, { force: true });
  }
}

function asideOf(directory: string): string {
  return join(directory, `${FILE}.${randomBytes(6).toString("hex")}`);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/**
 * Removes the note that was read, and no other: of several that found the same one, the first may have written its own by now. What was
 * moved by mistake goes back. @throws AppError `conflict` then.
 */
async function removeNote(directory: string, left: string, linked: Link): Promise<void> {
  const aside = asideOf(directory);
  try {
    await rename(join(directory, FILE), aside);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    throw error;
  }
  const found = (await readNote(aside)) ?? left;
  await rm(aside, { force: true });
  if (found === left) return;
  await note(directory, found, linked).catch(() => undefined);
  throw new AppError("conflict", inUse("another stanch", directory));
}

/** Removes the note of who runs a server on this directory; it is fine when there is none. */
export async function forgetOwner(directory: string): Promise<void> {
  await rm(join(directory, FILE), { force: true });
}

async function readNote(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Undefined for a note that was not written to its end. */
function placeOf(directory: string, note: string): Place | undefined {
  try {
    const { port, password, owner }: Partial<Place> = JSON.parse(note);
    if (port === undefined || password === undefined || owner === undefined) return undefined;
    return { directory, port, password, owner };
  } catch {
    return undefined;
  }
}

/** A living owner that has just started, or whose server has just died, has it answer within this. */
const ANSWERS_WITHIN_MS = 3_000;

/** A file without a living server is stale, whatever process has its number by now (in a container it is always 1). */
async function shutDown(left: Place): Promise<void> {
  const isOthers = left.owner !== process.pid && isAlive(left.owner);
  const redis = await connected(left, isOthers ? ANSWERS_WITHIN_MS : 0);
  if (!redis) return;
  if (isOthers) {
    redis.disconnect();
    throw new AppError("conflict", inUse(`stanch with process id ${left.owner}`, left.directory));
  }
  await redis.shutdown("NOSAVE").catch(() => undefined);
  redis.disconnect();
}

async function connected(left: Place, within: number): Promise<Redis | undefined> {
  for (const deadline = Date.now() + within; ; await sleep(50)) {
    const redis = await connectOnce(left);
    if (redis || Date.now() >= deadline) return redis;
  }
}

function inUse(by: string, directory: string): string {
  return `starting the embedded Redis: ${by} already uses ${directory}; stop it, use another directory, or set REDIS_URL`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, "EPERM");
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
