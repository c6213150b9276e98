#!/usr/bin/env node
/*
 * Node's version is looked at before anything else is loaded: on an old one the packages would fail with their own, less
 * helpful messages. So there is no static import here, and no syntax that an old Node cannot read.
 */
const FLOOR = [22, 19] as const;
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < FLOOR[0] || (major === FLOOR[0] && minor < FLOOR[1])) {
  process.stderr.write(`stanch needs Node ${FLOOR.join(".")} or newer; this is Node ${process.versions.node}\n`);
  process.exitCode = 2;
} else {
  import("./cli/main.ts").then(({ main }) => main(process));
}
