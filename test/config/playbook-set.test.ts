import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { openPlaybookSet, type PlaybookSet } from "../../src/config/playbook-set.ts";
import { AppError, formatFault } from "../../src/core/errors.ts";
import { silentLog } from "../../src/core/log.ts";
import { OPTIONS } from "../core/playbook/samples.ts";

let directory: string;
let open: PlaybookSet | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "stanch-playbooks-"));
});
afterEach(async () => {
  await open?.close();
  open = undefined;
  rmSync(directory, { recursive: true, force: true });
});

function text(name: string, more = ""): string {
  return `name: ${name}\nmatch: ['a = "b"']\ntarget: redis:x\nsteps:\n  - { id: a, uses: settings.set, with: { name: A, value: 1 }${more} }\n`;
}

function put(file: string, content: string): void {
  writeFileSync(join(directory, file), content);
}

async function opened(watch = false): Promise<PlaybookSet> {
  open = await openPlaybookSet({ ...OPTIONS, directory, log: silentLog, watch, lookEvery: 50 });
  return open;
}

function names(set: PlaybookSet): readonly string[] {
  return set.current().playbooks.map((playbook) => playbook.name);
}

async function until(what: () => boolean): Promise<void> {
  const end = performance.now() + 4_000;
  while (!what()) {
    if (performance.now() > end) throw new Error(`not within 4 s: ${what}`);
    await delay(20);
  }
}

describe("a set of playbooks", () => {
  test("has every playbook of the directory, but no tests, hidden or other files", async () => {
    put("a.yaml", text("a"));
    put("b.yml", text("b"));
    put("a.test.yaml", "anything");
    put(".c.yaml", "anything");
    put("notes.md", "anything");
    assert.deepEqual(names(await opened()), ["a", "b"]);
  });

  test("does not open with a fault, and tells the faults of every file", async () => {
    put("a.yaml", "name: [");
    put("b.yaml", text("b").replace("target", "targt"));
    const error = await opened().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof AppError && error.code === "invalid_playbook");
    assert.deepEqual([...new Set(error.faults.map((fault) => fault.file?.split("/").at(-1)))], ["a.yaml", "b.yaml"]);
  });

  test("needs its directory", async () => {
    rmSync(directory, { recursive: true });
    await assert.rejects(opened(), /STANCH_PLAYBOOKS names another/);
  });

  test("keeps the last good set in force while a file is bad", async () => {
    put("a.yaml", text("a"));
    const set = await opened();
    put("a.yaml", "name: [");
    put("b.yaml", text("b"));
    assert.equal(await set.reload(), false);
    assert.deepEqual(names(set), ["a"]);
    assert.match(set.faults()[0]?.file ?? "", /a\.yaml$/);
    put("a.yaml", text("a2"));
    assert.equal(await set.reload(), true);
    assert.deepEqual(names(set), ["a2", "b"]);
    assert.deepEqual(set.faults(), []);
  });

  test("shows a file and a directory that cannot be read, and keeps the last good set", async () => {
    put("a.yaml", text("a"));
    const set = await opened();
    symlinkSync("nowhere", join(directory, "b.yaml"));
    assert.equal(await set.reload(), false);
    assert.match(set.faults()[0]?.message ?? "", /cannot be read \(ENOENT\)/);
    rmSync(directory, { recursive: true });
    assert.equal(await set.reload(), false);
    assert.match(set.faults()[0]?.message ?? "", /the playbooks directory .* cannot be read/);
    assert.deepEqual(names(set), ["a"]);
  });

  test("has each name once", async () => {
    put("a.yaml", text("same"));
    const set = await opened();
    put("b.yaml", text("same"));
    assert.equal(await set.reload(), false);
    assert.match(set.faults()[0]?.message ?? "", /same stands in .*a\.yaml already/);
    assert.deepEqual([set.faults()[0]?.line, set.faults()[0]?.column], [1, 7]);
  });

  test("knows every playbook that a lease ends with", async () => {
    put("a.yaml", text("a", ", lease: { for: 2h, then: 'playbook:b' }"));
    await assert.rejects(
      opened(),
      (error) => error instanceof AppError && /no playbook b/.test(error.faults[0]?.message ?? ""),
    );
    put("b.yaml", text("b"));
    assert.deepEqual(names(await opened()), ["a", "b"]);
  });

  test("refuses a lease that ends with the playbook that made it", async () => {
    put("a.yaml", text("a", ", lease: { for: 2h, then: 'playbook:a' }"));
    const told =
      "5:88 a.lease.then: a would make what it ends again, and never end it; name another playbook, or revert";
    await assert.rejects(
      opened(),
      (error) => error instanceof AppError && error.faults.map(formatFault).join().endsWith(told),
    );
  });
});

describe("a watched set", () => {
  test("follows a file that is written, renamed over and removed", async () => {
    put("a.yaml", text("a"));
    const set = await opened(true);
    put("b.yaml", text("b"));
    await until(() => names(set).join() === "a,b");
    writeFileSync(join(directory, ".a.tmp"), text("a2"));
    renameSync(join(directory, ".a.tmp"), join(directory, "a.yaml"));
    await until(() => names(set).join() === "a2,b");
    writeFileSync(join(directory, ".a.tmp"), text("a3"));
    renameSync(join(directory, ".a.tmp"), join(directory, "a.yaml"));
    await until(() => names(set).join() === "a3,b");
    unlinkSync(join(directory, "b.yaml"));
    await until(() => names(set).join() === "a3");
  });

  test("is empty when its last file is removed, and warns where that is and what it means", async () => {
    put("a.yaml", text("a"));
    const warned: unknown[][] = [];
    const log = { ...silentLog, warn: (...line: unknown[]) => void warned.push(line) };
    open = await openPlaybookSet({ ...OPTIONS, directory, log, watch: false });
    assert.deepEqual([await open.reload(), warned], [true, []]);
    unlinkSync(join(directory, "a.yaml"));
    assert.deepEqual([await open.reload(), names(open), open.faults()], [true, [], []]);
    const [[fields, message] = []] = warned;
    assert.deepEqual(fields, { directory });
    assert.match(String(message), /no playbook .*nothing will run.*people are called/);
  });

  test("shows the fault of a bad save, and recovers", async () => {
    put("a.yaml", text("a"));
    const set = await opened(true);
    put("a.yaml", "name: [");
    await until(() => set.faults().length > 0);
    assert.deepEqual(names(set), ["a"]);
    put("a.yaml", text("a2"));
    await until(() => names(set).join() === "a2" && set.faults().length === 0);
  });

  test("follows a link on the way to it that leads elsewhere now, and what changes there", async () => {
    put("a.yaml", text("a"));
    const other = `${directory}.other`;
    const link = `${directory}.link`;
    mkdirSync(other);
    writeFileSync(join(other, "b.yaml"), text("b"));
    symlinkSync(directory, link);
    open = await openPlaybookSet({ ...OPTIONS, directory: link, log: silentLog, lookEvery: 50 });
    const set = open;
    symlinkSync(other, `${link}.tmp`);
    renameSync(`${link}.tmp`, link);
    await until(() => names(set).join() === "b");
    writeFileSync(join(other, "c.yaml"), text("c"));
    await until(() => names(set).join() === "b,c");
    writeFileSync(join(other, "c.yaml"), "name: [");
    await until(() => set.faults().length > 0);
    rmSync(other, { recursive: true });
    unlinkSync(link);
  });

  test("survives that the whole directory is moved away and back", async () => {
    put("a.yaml", text("a"));
    const set = await opened(true);
    renameSync(directory, `${directory}.away`);
    await until(() => set.faults().length > 0);
    assert.deepEqual(names(set), ["a"]);
    renameSync(`${directory}.away`, directory);
    await until(() => set.faults().length === 0);
    put("b.yaml", text("b"));
    await until(() => names(set).join() === "a,b");
  });

  test("follows the swap of a Kubernetes ConfigMap", async () => {
    const version = (name: string, content: string) => {
      mkdirSync(join(directory, name));
      writeFileSync(join(directory, name, "a.yaml"), content);
    };
    version("..1", text("a"));
    symlinkSync("..1", join(directory, "..data"));
    symlinkSync(join("..data", "a.yaml"), join(directory, "a.yaml"));
    const set = await opened(true);
    for (const [name, content] of [
      ["..2", text("a2")],
      ["..3", text("a3")],
    ] as const) {
      version(name, content);
      symlinkSync(name, join(directory, "..tmp"));
      renameSync(join(directory, "..tmp"), join(directory, "..data"));
      await until(() => names(set).join() === content.slice("name: ".length, content.indexOf("\n")));
    }
  });
});
