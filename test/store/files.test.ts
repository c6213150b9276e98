import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AppError } from "../../src/core/errors.ts";
import { createFiles } from "../../src/store/files.ts";

const files = createFiles();
let directory = "";

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "stanch-files-"));
});
after(() => rm(directory, { recursive: true, force: true }));

test("a file is created whole, with its directories, and one that exists stays as it is", async () => {
  const path = join(directory, "deep/er/report.md");
  await files.create(path, "first\n");
  await files.create(path, "second\n");
  assert.equal(await readFile(path, "utf8"), "first\n");
  assert.deepEqual(await readdir(join(directory, "deep/er")), ["report.md"], "no draft is left");
});

test("a line is appended once, by its mark; a new file begins with its head", async () => {
  const path = join(directory, "incidents.md");
  await files.appendOnce(path, "- one of a", { mark: ["one", "of a"], head: "# Log\n\n" });
  await files.appendOnce(path, "- one, told otherwise, of a", { mark: ["one", "of a"], head: "# Log\n\n" });
  await files.appendOnce(path, "- one of b", { mark: ["one", "of b"], head: "# Log\n\n" });
  assert.equal(await readFile(path, "utf8"), "# Log\n\n- one of a\n- one of b\n");
});

test("parts of a mark in different lines are no mark", async () => {
  const path = join(directory, "parts.log");
  await writeFile(path, "x | INCIDENT=1\ny | ACTION=b\n");
  await files.appendOnce(path, "y | INCIDENT=1", { mark: ["y | ", "INCIDENT=1"] });
  assert.equal(await readFile(path, "utf8"), "x | INCIDENT=1\ny | ACTION=b\ny | INCIDENT=1\n");
});

test("a line that a crash has torn off counts as not written, and the next one begins after it", async () => {
  const path = join(directory, "torn.log");
  await writeFile(path, "a | whole\nb | to");
  await files.appendOnce(path, "b | torn", { mark: ["b | to"] });
  assert.equal(await readFile(path, "utf8"), "a | whole\nb | to\nb | torn\n");
});

test("four processes that append at once leave whole lines, and each line once", async () => {
  const path = join(directory, "shared.log");
  const code = `
    import { createFiles } from ${JSON.stringify(new URL("../../src/store/files.ts", import.meta.url).href)};
    const files = createFiles();
    for (let n = 0; n < 10; n++)
      await files.appendOnce(${JSON.stringify(path)}, "line " + process.argv[1] + " " + n + " " + "x".repeat(300), { mark: ["line " + process.argv[1] + " " + n + " "] });
  `;
  const exits = await Promise.all(
    ["a", "b", "c", "d"].map(
      (name) =>
        new Promise((resolve) => {
          spawn(process.execPath, ["--input-type=module-typescript", "-e", code, name], { stdio: "inherit" }).on(
            "exit",
            resolve,
          );
        }),
    ),
  );
  assert.deepEqual(exits, [0, 0, 0, 0]);
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  assert.equal(lines.length, 40);
  assert.equal(new Set(lines).size, 40);
  assert.ok(lines.every((line) => /^line [abcd] \d x{300}$/.test(line)));
});

test("a disk that refuses is said with the path and what to do", async () => {
  const path = join(directory, "closed");
  await writeFile(path, "");
  const inside = join(path, "report.md");
  await assert.rejects(files.create(inside, "x"), (error) => {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, "unavailable");
    assert.match(error.message, /^writing .*report\.md: (ENOTDIR|EEXIST); give the worker a writable directory/);
    return true;
  });
  await chmod(path, 0o600);
  await assert.rejects(files.appendOnce(inside, "x", { mark: ["x"] }), /^AppError: appending to /);
});

test("a pipe or a device is no place for a line: nobody could see what stands there", async () => {
  await assert.rejects(
    files.appendOnce("/dev/null", "x", { mark: ["x"] }),
    /^AppError: appending to \/dev\/null: it is a pipe or a device; name a regular file$/,
  );
});
