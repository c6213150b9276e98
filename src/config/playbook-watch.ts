import { once } from "node:events";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { watch } from "chokidar";
import type { Log } from "../core/log.ts";
import type { Milliseconds } from "../core/time.ts";

export type WatchOptions = {
  directory: string;
  isWanted(file: string): boolean;
  log: Pick<Log, "warn">;
  /** How often it is looked whether something has changed that the system did not tell. */
  lookEvery?: Milliseconds | undefined;
};

/** Saving a file is several events on the disk; they are one change. */
const SETTLE: Milliseconds = 200;
const LOOK_EVERY: Milliseconds = 5_000;

/**
 * Calls `changed` after a change in the directory, once changes are seen, and once at first for what changed until then. The system tells
 * of most changes at once; a link on the way to the directory that leads elsewhere now (git-sync, a deployment) it does not tell, nor
 * anything on some file systems, so that is looked for.
 */
export async function watchDirectory(
  { directory, isWanted, log, lookEvery = LOOK_EVERY }: WatchOptions,
  changed: () => Promise<unknown>,
): Promise<{ close(): Promise<void> }> {
  let timer: NodeJS.Timeout | undefined;
  let seen = "";
  const act = (): void => {
    seen = stateOf(directory, isWanted);
    void changed();
  };
  const watcher = watch(directory, { ignoreInitial: true, depth: 1, persistent: false });
  watcher.on("all", () => {
    clearTimeout(timer);
    timer = setTimeout(act, SETTLE);
  });
  watcher.on("error", (err) =>
    log.warn({ err }, "watching the playbooks is impaired; they are looked at every few seconds"),
  );
  await once(watcher, "ready");
  seen = stateOf(directory, isWanted);
  await changed();
  let last = seen;
  const looks = setInterval(() => {
    const now = stateOf(directory, isWanted);
    // Twice the same: nobody is writing just now.
    if (now !== seen && now === last) act();
    last = now;
  }, lookEvery).unref();
  return {
    async close() {
      clearTimeout(timer);
      clearInterval(looks);
      await watcher.close();
    },
  };
}

/** Changes when a file is added, removed, written or replaced, through links too. */
function stateOf(directory: string, isWanted: (file: string) => boolean): string {
  try {
    const files = readdirSync(directory).filter(isWanted).toSorted();
    return files.map((file) => `${file} ${fileState(join(directory, file))}`).join("\n");
  } catch {
    return "unreadable";
  }
}

function fileState(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return "unreadable";
  }
}
