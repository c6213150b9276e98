import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, it } from "node:test";
import { cli } from "../cli/support.ts";
import { list, ROOT, read } from "./repository.ts";

const documents = list("*.md", "{docs,deploy,playbooks,demo}/**/*.md");
const manifest = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
const everything = list("{src,test,scripts,demo}/**/*.ts", "{deploy,demo}/**/*.{yaml,yml,json}", "*.yml")
  .filter((path) => !path.startsWith("test/docs/"))
  .map(read)
  .join("\n");

const FOLDERS = /^(src|test|docs|deploy|demo|scripts|playbooks|bench|\.ci|\.githooks)(\/|$)/;
const FILES = /^[\w.-]+\.(md|ts|json|yml)$|^(Dockerfile|LICENSE|\.nvmrc)$/;

const inline = (text: string) =>
  [...text.replace(/```[\s\S]*?```/g, "").matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? "");
const exists = (path: string) => existsSync(resolve(ROOT, path));

for (const document of documents) {
  const text = read(document);

  describe(document, () => {
    it("links to files that exist", () => {
      for (const [, target = ""] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
        if (!/^[a-z]+:/.test(target)) assert.ok(exists(join(dirname(document), target)), target);
      }
    });

    it("names files and folders that exist", () => {
      for (const name of inline(text).flatMap((code) => code.split(/\s+/))) {
        if (name.includes("*")) {
          if (FOLDERS.test(name)) assert.ok(list(name).length > 0, name);
        } else if (FOLDERS.test(name) || FILES.test(name)) {
          // A bare name may be that of a file in a folder which the sentence names.
          const elsewhere = !name.includes("/") && list(`**/${name}`).length > 0;
          assert.ok(exists(name) || exists(join(dirname(document), name)) || elsewhere, name);
        }
      }
    });

    it("names npm scripts that exist", () => {
      for (const [, script = ""] of text.matchAll(/\bnpm run ([\w:-]+)/g))
        assert.ok(script in manifest.scripts, script);
      for (const [, script = ""] of text.matchAll(/\bnpm (test|start)\b/g))
        assert.ok(script in manifest.scripts, script);
    });

    it("names commands that exist", async () => {
      const { out } = await cli(["--help"]);
      const verbs = [...out.matchAll(/^ {2}([a-z]+) /gm)].map(([, verb]) => verb);
      const commands = inline(text).flatMap((code) => /^stanch ([a-z][\w-]*)/.exec(code)?.[1] ?? []);
      const scripts = [...text.matchAll(/\bnpm run stanch -- ([a-z][\w-]*)/g)].map(([, verb = ""]) => verb);
      for (const verb of [...commands, ...scripts]) assert.ok(verbs.includes(verb), `stanch ${verb}`);
    });

    it("names environment variables that something reads", () => {
      for (const code of inline(text)) {
        if (/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(code)) assert.match(everything, new RegExp(`\\b${code}\\b`), code);
      }
    });
  });
}

describe("documents", () => {
  it("number the decisions without a gap, each with its title, status and three parts", () => {
    const decisions = list("docs/adr/*.md");
    assert.ok(decisions.length > 0);
    for (const [index, path] of decisions.entries()) {
      const number = index + 1;
      assert.match(path, new RegExp(`/${String(number).padStart(4, "0")}-[a-z0-9-]+\\.md$`));
      assert.match(read(path), new RegExp(`^# ${number}\\. `));
      for (const part of ["Status: ", "## Context", "## Decision", "## Consequences"]) {
        assert.ok(read(path).includes(part), `${path}: ${part}`);
      }
    }
  });

  it("keep the licence whole", () => {
    assert.match(read("LICENSE"), /Apache License\s+Version 2\.0, January 2004/);
    assert.match(read("LICENSE"), /END OF TERMS AND CONDITIONS/);
  });
});
