import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AppError, type Fault } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { suggestion } from "../core/near.ts";
import { actionSteps } from "../core/playbook/check-veto.ts";
import { unusableOf } from "../core/playbook/installation.ts";
import { type ParseOptions, parsePlaybook } from "../core/playbook/parse.ts";
import type { Playbook } from "../core/playbook/playbook.ts";
import type { Milliseconds } from "../core/time.ts";
import { watchDirectory } from "./playbook-watch.ts";

/** Where the playbooks are, and what they are read against. */
export type ReadSetOptions = ParseOptions & { directory: string };

export type PlaybookSetOptions = ReadSetOptions & {
  log: Pick<Log, "info" | "warn">;
  /** Without it the set is read once and by `reload` only. */
  watch?: boolean;
  lookEvery?: Milliseconds;
};

/** The playbooks in force. A bad file leaves the last good set in force, and its faults are shown. */
export type PlaybookSet = {
  current(): { playbooks: readonly Playbook[] };
  faults(): readonly Fault[];
  /** Reads the directory again; true when the new set is in force. */
  reload(): Promise<boolean>;
  close(): Promise<void>;
};

type Read = { playbooks: readonly Playbook[]; faults: readonly Fault[] };

/**
 * Loads every `*.yaml` and `*.yml` of a directory but the tests beside them, and loads again when they change.
 * @throws AppError `invalid_playbook` with every fault when the first set is bad: there is no last good one then.
 */
export async function openPlaybookSet(options: PlaybookSetOptions): Promise<PlaybookSet> {
  const first = readSet(options);
  if (first.faults.length > 0)
    throw new AppError("invalid_playbook", "the playbooks have faults", { faults: first.faults });
  let current = { playbooks: first.playbooks };
  let faults: readonly Fault[] = [];
  const reload = async (): Promise<boolean> => {
    const read = readAgain(options);
    faults = read.faults;
    if (read.faults.length > 0) {
      options.log.warn({ faults: read.faults }, "the playbooks have faults; the last good set stays in force");
      return false;
    }
    current = { playbooks: read.playbooks };
    tellLoaded(options, read.playbooks);
    return true;
  };
  const watching = { ...options, isWanted: isPlaybookFile };
  const watcher = options.watch === false ? undefined : await watchDirectory(watching, reload);
  return { current: () => current, faults: () => faults, reload, close: async () => watcher?.close() };
}

/** An empty set is in force like any other, as to act on files that are gone would be worse; but hardly anybody means it. */
function tellLoaded({ log, directory }: PlaybookSetOptions, playbooks: readonly Playbook[]): void {
  log.info({ playbooks: playbooks.length, unusable: unusableOf(playbooks) }, "playbooks loaded");
  if (playbooks.length > 0) return;
  log.warn({ directory }, "no playbook is in the directory: nothing will run, and people are called instead");
}

/** While the service runs, a directory that cannot be read is a fault like any other, and the last good set goes on. */
function readAgain(options: ReadSetOptions): Read {
  try {
    return readSet(options);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { playbooks: [], faults: [{ file: options.directory, message: error.message }] };
  }
}

/** Whether a file of the directory is a playbook. */
export function isPlaybookFile(name: string): boolean {
  return /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name) && !name.startsWith(".");
}

/** Reads and checks the whole directory; one bad file does not hide the others' faults. */
export function readSet(options: ReadSetOptions): Read {
  const playbooks: Playbook[] = [];
  const faults: Fault[] = [];
  for (const file of filesOf(options.directory)) {
    try {
      playbooks.push(parsePlaybook(textOf(file), file, options));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      faults.push(...(error.faults.length > 0 ? error.faults : [{ file, message: error.message }]));
    }
  }
  return {
    playbooks,
    faults: [...faults, ...doubleNames(playbooks), ...(faults.length > 0 ? [] : lostNames(playbooks))],
  };
}

/** A lease may end with another playbook; it must exist, or the end of the lease would be a surprise. */
function lostNames(playbooks: readonly Playbook[]): readonly Fault[] {
  const names = playbooks.map((playbook) => playbook.name);
  return playbooks.flatMap((playbook) =>
    actionSteps(playbook.steps).flatMap(({ id, lease }) => {
      if (lease?.onEnd.kind !== "playbook") return [];
      const { name } = lease.onEnd;
      const message = endFault(name, { own: playbook.name, names });
      if (message === undefined) return [];
      return [{ file: playbook.file, ...placeOf(playbook, `playbook:${name}`), path: `${id}.lease.then`, message }];
    }),
  );
}

function endFault(name: string, { own, names }: { own: string; names: readonly string[] }): string | undefined {
  if (name === own) return `${own} would make what it ends again, and never end it; name another playbook, or revert`;
  return names.includes(name) ? undefined : `there is no playbook ${name}${suggestion(name, names)}`;
}

/** Where a playbook says something for the first time. */
function placeOf({ text }: Playbook, said: string): Pick<Fault, "line" | "column"> {
  const at = text.indexOf(said);
  if (at < 0) return {};
  const before = text.slice(0, at).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function filesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .filter(isPlaybookFile)
      .toSorted()
      .map((name) => join(directory, name));
  } catch (cause) {
    throw new AppError(
      "invalid_config",
      `the playbooks directory ${directory} cannot be read; STANCH_PLAYBOOKS names another`,
      { cause },
    );
  }
}

/** A file may vanish between listing and reading, or be one that this process may not read. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
    throw new AppError("invalid_playbook", `the file cannot be read${code}`, { cause });
  }
}

function doubleNames(playbooks: readonly Playbook[]): readonly Fault[] {
  return playbooks.flatMap((playbook, index) => {
    const first = playbooks.findIndex((one) => one.name === playbook.name);
    return first === index
      ? []
      : [
          {
            file: playbook.file,
            ...placeOf(playbook, playbook.name),
            path: "name",
            message: `${playbook.name} stands in ${playbooks[first]?.file ?? ""} already`,
          },
        ];
  });
}
