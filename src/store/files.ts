import { randomUUID } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync, writeSync } from "node:fs";
import { link, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError } from "../core/errors.ts";
import type { Files } from "../core/files.ts";

/** The disk of this host. Directories are made with the process's umask. */
export function createFiles(): Files {
  return {
    create: (path, text) => told(`writing ${path}`, () => create(path, text)),
    appendOnce: (path, line, options) => told(`appending to ${path}`, () => appendOnce(path, line, options)),
  };
}

/** Written beside its place and linked there when it is on disk: `link` fails where something is already. */
async function create(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    const file = await open(draft, "wx");
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await place(draft, path);
    await syncDirectory(path);
  } finally {
    await rm(draft, { force: true });
  }
}

/** A volume without hard links gets the file by renaming, which cannot see what is there already. */
async function place(draft: string, path: string): Promise<void> {
  try {
    await link(draft, path);
  } catch (error) {
    if (hasCode(error, "EEXIST")) return;
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].some((code) => hasCode(error, code))) throw error;
    await rename(draft, path);
  }
}

type Options = Parameters<Files["appendOnce"]>[2];

async function appendOnce(path: string, line: string, options: Options): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  appendNow(path, line, options);
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await syncDirectory(path);
}

/**
 * Looks and writes without letting go of the thread, so that another worker of this host has next to no time between the two.
 * A line that a crash has torn off is left as it is; the next one begins after it. What is read from a pipe or a device may never end.
 */
function appendNow(path: string, line: string, { mark, head = "" }: Options): void {
  const fd = openSync(path, "a+", 0o644);
  try {
    if (!fstatSync(fd).isFile()) {
      throw new AppError("unavailable", `appending to ${path}: it is a pipe or a device; name a regular file`);
    }
    const text = readFileSync(fd, "utf8");
    const whole = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
    if (whole.some((one) => mark.every((part) => one.includes(part)))) return;
    const start = text === "" ? head : text.endsWith("\n") ? "" : "\n";
    const bytes = Buffer.from(`${start}${line}\n`);
    if (writeSync(fd, bytes) < bytes.length) throw new Error("the disk took a part of the line only");
  } finally {
    closeSync(fd);
  }
}

/** A new name is on disk when its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(dirname(path), "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function told(what: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "the disk refuses";
    throw new AppError("unavailable", `${what}: ${code}; give the worker a writable directory with room`, { cause });
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
