import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { text } from "./files.ts";

type Entry = { version: string; resolved?: string; optionalDependencies?: Record<string, string>; engines?: object };
type Lock = { packages: Record<string, Entry> };

describe("package-lock.json", () => {
  const { packages } = JSON.parse(text("package-lock.json")) as Lock;

  it("has an entry for every optional package of every platform, without which `npm ci` refuses elsewhere", () => {
    const missing = Object.entries(packages).flatMap(([where, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter(
        (name) =>
          packages[`node_modules/${name}`] === undefined && packages[`${where}/node_modules/${name}`] === undefined,
      ),
    );
    assert.deepEqual(missing, []);
  });

  it("names no place to download from", () => {
    for (const [name, entry] of Object.entries(packages)) assert.equal(entry.resolved, undefined, name);
  });

  it("is of the package.json beside it", () => {
    const manifest = JSON.parse(text("package.json")) as Record<string, object>;
    const root = packages[""] as unknown as Record<string, object>;
    for (const field of ["dependencies", "devDependencies", "engines"]) assert.deepEqual(root[field], manifest[field]);
  });
});
