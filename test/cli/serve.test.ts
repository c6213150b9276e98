import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startRedis, type TestRedis } from "../support/redis.ts";

const MAIN = new URL("../../src/main.ts", import.meta.url).pathname;
const PLAYBOOK = `name: look
description: Looks at the gateway.
match: ['alertname = "High"']
severity: [P1]
target: http:gateway
autonomy: { P1: auto }
steps:
  - { id: look, uses: http.check, with: { connection: gateway } }
`;

let redis: TestRedis;
let dir: string;
before(async () => {
  redis = await startRedis();
  dir = mkdtempSync(join(tmpdir(), "stanch-serve-"));
});
after(async () => {
  await redis.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe("stanch serve", () => {
  test("says what it is, reloads on SIGHUP, ends in order on SIGTERM", async (t) => {
    install();
    const served = serve(["--insecure-dev"]);
    t.after(() => served.child.kill("SIGKILL"));
    await served.prints(/^stanch \d+\.\d+\.\d+ \(role all\) listens on (http:\/\/127\.0\.0\.1:\d+)$/m);
    const [, url] = /listens on (\S+)/.exec(served.text()) ?? [];
    await served.prints(/^playbooks {2}1 from /m);
    await served.prints(/^durability everysec: /m);
    assert.equal((await fetch(`${url}/-/healthy`)).status, 200);

    writeFileSync(join(dir, "playbooks", "bad.yaml"), "name: [\n");
    served.child.kill("SIGHUP");
    await served.prints(/the playbooks have faults; the last good set of 1 stays in force/);
    assert.equal((await fetch(`${url}/api/v1/playbooks`)).status, 200);

    rmSync(join(dir, "playbooks", "bad.yaml"));
    served.child.kill("SIGHUP");
    await served.prints(/^reloaded: 1 playbook$/m);

    served.child.kill("SIGTERM");
    assert.deepEqual(await served.exit, [0, null]);
  });

  test("a configuration with faults does not start: each is printed, exit code 1", async () => {
    install("version: 1\nsourcess: {}\nautonomy: sometimes\n");
    const served = serve([]);
    assert.deepEqual(await served.exit, [1, null]);
    assert.match(served.text(), /sourcess/);
    assert.match(served.text(), /autonomy/);
    assert.match(served.text(), /stanch\.yaml:3:/);
  });

  test("no authentication configured: it refuses to start", async () => {
    install("version: 1\nseverity: [{ level: P1, when: 'true' }]\n");
    const served = serve([]);
    assert.deepEqual(await served.exit, [1, null]);
    assert.match(served.text(), /--insecure-dev/);
  });

  test("a Redis that could lose alerts: it says why and what to set, and does not start", async (t) => {
    const unsafe = await startRedis({ appendonly: "no", "maxmemory-policy": "allkeys-lru" });
    t.after(() => unsafe.stop());
    install();
    const served = serve(["--insecure-dev"], unsafe.url);
    assert.deepEqual(await served.exit, [1, null]);
    assert.match(
      served.text(),
      /could lose what was accepted:\n {2}Redis has maxmemory-policy allkeys-lru.*set it to noeviction$/m,
    );
    assert.match(served.text(), /^ {2}Redis keeps no append-only file.*set appendonly yes$/m);
  });

  test("a Redis whose risks are accepted: it starts, and says and logs what they cost", async (t) => {
    const unsafe = await startRedis({ appendonly: "no", "maxmemory-policy": "allkeys-lru" });
    t.after(() => unsafe.stop());
    install(`${CONFIG}redis: { accept-risk: [no-aof, eviction] }\n`);
    const served = serve(["--insecure-dev"], unsafe.url);
    t.after(() => served.child.kill("SIGKILL"));
    await served.prints(
      /^durability everysec: .*\n +accepted risk: Redis has maxmemory-policy allkeys-lru: .*\n +accepted risk: .* loses every alert/m,
    );
    for (const risk of ["allkeys-lru", "keeps no append-only file"])
      assert.match(served.text(), new RegExp(`"level":40,.*"risk":"[^"]*${risk}.*"a risk of this Redis was accepted"`));
  });

  test("calls that nobody would hear are told at the start", async (t) => {
    install(`${CONFIG}approvals: { people: { anna: { slack: U012ABC } }, groups: { oncall: { people: [anna] } }, default: { group: oncall } }
slack: { channel: '#alerts' }
escalation: [{ after: 0m, when: needs-person, notify: ['slack:@oncall'] }]
`);
    const served = serve(["--insecure-dev"]);
    t.after(() => served.child.kill("SIGKILL"));
    await served.prints(/^warning: escalation calls slack:@oncall, but SLACK_BOT_TOKEN is not set/m);
  });

  test("without REDIS_URL it says that its own Redis is on disk first", async (t) => {
    install();
    const served = serve(["--insecure-dev"], "");
    t.after(() => served.child.kill("SIGKILL"));
    await served.prints(/^durability aof-always: every accepted alert is on disk first$/m);
    await served.prints(/^redis {6}embedded/m);
    served.child.kill("SIGTERM");
    assert.deepEqual(await served.exit, [0, null]);
  });

  test("an unknown role is a usage error", async () => {
    const served = serve(["--role", "boss"]);
    assert.deepEqual(await served.exit, [2, null]);
  });
});

const CONFIG = `version: 1
autonomy: auto
severity: [{ level: P1, when: 'true' }]
connections: { http: { gateway: { base-url: 'http://127.0.0.1:1', allow-private: true } } }
`;

function install(config = CONFIG): void {
  writeFileSync(join(dir, "stanch.yaml"), config);
  const playbooks = join(dir, "playbooks");
  rmSync(playbooks, { recursive: true, force: true });
  mkdirSync(playbooks);
  writeFileSync(join(playbooks, "look.yaml"), PLAYBOOK);
}

type Served = {
  child: ChildProcess;
  text(): string;
  /** Waits until what was printed matches. */
  prints(pattern: RegExp): Promise<void>;
  exit: Promise<unknown[]>;
};

function serve(args: readonly string[], redisUrl = redis.url): Served {
  const child = spawn(process.execPath, [MAIN, "serve", ...args], {
    cwd: dir,
    env: { PORT: "0", REDIS_URL: redisUrl, LOG_LEVEL: "warn" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  const changed = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      for (const tell of changed) tell();
    });
  }
  const exit = once(child, "close");
  const prints = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!pattern.test(text)) return;
        changed.delete(look);
        resolve();
      };
      changed.add(look);
      look();
      void exit.then(() => reject(new Error(`it ended without printing ${pattern}:\n${text}`)));
    });
  return { child, text: () => text, prints, exit };
}
