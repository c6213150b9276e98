import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { promisify } from "node:util";

const ROOT = new URL("../../", import.meta.url);
const CONFIGURED = /\/node_modules\/(@slack\/|@aws-sdk\/client-ecs|@aws-sdk\/client-sns|@kubernetes\/client-node)/;
const FETCH = "NativeModule internal/deps/undici/undici";

describe("what the service loads", () => {
  test("is no library that the configuration does not ask for, and not Node's own fetch", async () => {
    assert.deepEqual(await loadedBy(`await import("./src/cli/service.ts")`), []);
    // The control: where they are loaded, they are seen.
    assert.deepEqual(await loadedBy(`await import("./src/chat/slack/index.ts"); await import("node:http")`), [
      "@slack/",
      FETCH,
    ]);
  });

  test("is the clients of the connections that there are, before the first step needs one", async () => {
    const clients = (kinds: string): string =>
      `const { loadClients } = await import("./src/actions/index.ts"); await loadClients(${kinds})`;
    assert.deepEqual(await loadedBy(clients("{ kubernetes: {}, ecs: {} }")), []);
    assert.deepEqual(await loadedBy(clients("{ kubernetes: {}, ecs: { prod: {} } }")), ["@aws-sdk/client-ecs"]);
    const kubernetes = await loadedBy(clients("{ kubernetes: { prod: {} }, ecs: {} }"));
    assert.ok(kubernetes.includes("@kubernetes/client-node"), kubernetes.join());
  });
});

/** What of the above a process holds after this code. */
async function loadedBy(code: string): Promise<readonly string[]> {
  const program = `
    import { registerHooks } from "node:module";
    const urls = [];
    registerHooks({ load: (url, context, next) => (urls.push(url), next(url, context)) });
    ${code};
    console.log(JSON.stringify([...urls, ...process.moduleLoadList]));`;
  const args = ["--input-type=module", "-e", program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, maxBuffer: 10_000_000 });
  const loaded: readonly string[] = JSON.parse(stdout);
  const found = loaded.flatMap((one) => (one === FETCH ? [one] : (CONFIGURED.exec(one)?.slice(1) ?? [])));
  return [...new Set(found)].sort();
}
