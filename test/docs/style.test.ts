import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import { describe, it } from "node:test";
import { list, read } from "./repository.ts";

const sources = list("src/**/*.ts");
const ours = list("{src,test,scripts,demo,bench}/**/*.ts");
const lines = (path: string) => read(path).trimEnd().split("\n").length;
const code = (path: string) => read(path).replace(/\/\*[\s\S]*?\*\/|(?<![:"'`])\/\/.*$/gm, "");

/** Every offender at once: `file: what`. */
function none(offenders: readonly string[]): void {
  assert.deepEqual(offenders, []);
}

describe("style", () => {
  it("keeps files short: none over 300 lines, almost all up to 200, half of them up to 100", () => {
    none(ours.filter((path) => lines(path) > 300));
    const lengths = sources.map(lines).sort((a, b) => a - b);
    assert.ok(lengths.filter((length) => length > 200).length <= lengths.length * 0.05);
    assert.ok((lengths[Math.floor(lengths.length / 2)] ?? 0) <= 100, "the median file of src");
  });

  it("keeps src at most two folders deep, with kebab-case names", () => {
    none(sources.filter((path) => path.split("/").length > 4));
    none(ours.filter((path) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/.test(basename(path))));
  });

  it("has no console output, no silenced rule and nothing left to do in src", () => {
    none(sources.filter((path) => /\bconsole\./.test(code(path))));
    none(
      ours.filter(
        (path) =>
          /biome-ignore|@ts-(ignore|expect-error|nocheck)|eslint-disable/.test(read(path)) &&
          !path.startsWith("test/docs/"),
      ),
    );
    none(ours.filter((path) => /\b(TODO|FIXME|XXX|HACK)\b/.test(read(path)) && !path.startsWith("test/docs/")));
  });

  it("reads the environment in one place", () => {
    const allowed = ["src/config/", "src/main.ts"];
    none(
      sources.filter((path) => code(path).includes("process.env") && !allowed.some((place) => path.startsWith(place))),
    );
  });

  it("has no classes but errors and no names that say nothing", () => {
    const classes = (path: string) => [...code(path).matchAll(/^\s*(?:export )?(?:abstract )?class (\w+)(.*)$/gm)];
    // Node's HTTP server takes the kinds of its messages as classes only.
    const forced = /extends (Error|AppError|IncomingMessage|ServerResponse)\b/;
    none(sources.filter((path) => classes(path).some(([, , rest = ""]) => !forced.test(rest))));
    none(
      sources.filter((path) => /(^|-)(manager|helper|helpers|util|utils|misc|common)(-|\.ts$)/.test(basename(path))),
    );
  });

  it("names no machine: no home folder, no registry, no address of a package mirror", () => {
    const texts = [...ours, ...list("*.{md,json,yml,yaml}", "{docs,deploy,demo,playbooks}/**/*.{md,json,yml,yaml}")];
    none(
      texts.filter(
        (path) => /\/(work|home|root)\/[a-z]|registry\.npmjs|:4873/.test(read(path)) && !path.startsWith("test/docs/"),
      ),
    );
  });

  it("has no source file that nothing starts from", () => {
    const reached = new Set<string>();
    const queue = ["src/main.ts"];
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      if (reached.has(path)) continue;
      reached.add(path);
      for (const [, target = ""] of read(path).matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g)) {
        queue.push(join(dirname(path), target));
      }
    }
    // The memory twins serve tests.
    none(sources.filter((path) => !reached.has(path) && !/\/memory(\/|\.ts$)/.test(path)));
  });

  it("documents what it exports", () => {
    const bare = sources.flatMap((path) => {
      const text = read(path).split("\n");
      return text
        .map((line, index) => ({ line, before: text[index - 1] ?? "", where: `${path}:${index + 1}` }))
        .filter(({ line }) => /^export (async )?function /.test(line))
        .filter(({ before }) => !/(\*\/|^\/\/ |;)\s*$/.test(before))
        .map(({ where }) => where);
    });
    none(bare);
  });
});
