import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { type EmbeddedRedis, startEmbeddedRedis } from "../../src/store/embedded/index.ts";
import { takeOver } from "../../src/store/embedded/owner.ts";
import { freePort } from "../support/redis.ts";

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "stanch-embedded-"));
});
const started: EmbeddedRedis[] = [];
after(async () => {
  await Promise.all(started.map((redis) => redis.stop()));
  await rm(directory, { recursive: true, force: true });
});

async function start(onExit?: (reason: string) => void): Promise<EmbeddedRedis> {
  const redis = await startEmbeddedRedis({ directory, ...(onExit ? { onExit } : {}) });
  started.push(redis);
  return redis;
}

async function ask<T>(url: string, act: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  redis.on("error", () => undefined);
  try {
    return await act(redis);
  } finally {
    redis.disconnect();
  }
}

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + 5_000; Date.now() < deadline; await sleep(20)) if (await holds()) return;
  assert.fail(`not within 5 s: ${what}`);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Another process that starts the embedded Redis in the directory and prints its pid. */
async function otherStanch(): Promise<{ owner: ChildProcess; redisPid: number }> {
  const program = `import { startEmbeddedRedis } from ${JSON.stringify(new URL("../../src/store/embedded/index.ts", import.meta.url).href)};
    const redis = await startEmbeddedRedis({ directory: process.argv[1] });
    console.log(redis.pid());`;
  const owner = spawn(process.execPath, ["--input-type=module-typescript", "--eval", program, directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(owner.stdout, "data");
  return { owner, redisPid: Number(String(line)) };
}

describe("the embedded Redis", () => {
  it("keeps what was written over a restart, with the settings that stanch needs, for its owner only", async () => {
    const first = await start();
    await ask(first.url, (redis) => redis.set("kept", "yes"));
    const names = ["appendonly", "appendfsync", "maxmemory-policy", "bind"] as const;
    const settings = await Promise.all(
      names.map((name) => ask(first.url, async (redis) => (await redis.config("GET", name))?.[1])),
    );
    assert.deepEqual(settings, ["yes", "always", "noeviction", "127.0.0.1"]);
    const { port } = new URL(first.url);
    await ask(`redis://127.0.0.1:${port}`, (redis) => assert.rejects(redis.get("kept"), /NOAUTH/));
    await first.stop();
    assert.equal(isAlive(first.pid()), false);
    const second = await start();
    assert.equal(await ask(second.url, (redis) => redis.get("kept")), "yes");
    await second.stop();
  });

  it("starts again on the same address when it dies by itself", async () => {
    const reasons: string[] = [];
    const redis = await start((reason) => reasons.push(reason));
    const before = redis.pid();
    process.kill(before, "SIGKILL");
    await until(() => redis.pid() !== before && isAlive(redis.pid()), "a new server");
    assert.equal(await ask(redis.url, (client) => client.ping()), "PONG");
    assert.deepEqual(reasons, ["redis-server ended with SIGKILL"]);
    await redis.stop();
    assert.equal(isAlive(redis.pid()), false);
  });

  it("is refused while another stanch uses the directory, and ends with that one's SIGKILL", async () => {
    const { owner, redisPid } = await otherStanch();
    await assert.rejects(startEmbeddedRedis({ directory }), { code: "conflict", message: /set REDIS_URL/ });
    owner.kill("SIGKILL");
    await until(() => !isAlive(redisPid), "the server of a killed stanch ends");
    const mine = await start();
    assert.equal(await ask(mine.url, (redis) => redis.get("kept")), "yes");
    await mine.stop();
  });

  it("waits for the server of another stanch that has just begun to start", async () => {
    const other = await startEmbeddedRedis({ directory: join(directory, "elsewhere") });
    const url = new URL(other.url);
    const owner = spawn("sleep", ["30"]);
    const place = { port: await freePort(), password: url.password, owner: owner.pid };
    await writeFile(join(directory, "embedded-redis.json"), JSON.stringify(place));
    const proxy = createServer((socket) => void socket.pipe(connect(Number(url.port), "127.0.0.1")).pipe(socket));
    setTimeout(() => proxy.listen(place.port, "127.0.0.1"), 300);
    try {
      await assert.rejects(start(), { code: "conflict", message: new RegExp(`process id ${owner.pid} already uses`) });
    } finally {
      owner.kill();
      proxy.close();
      await other.stop();
      await rm(join(directory, "embedded-redis.json"), { force: true });
    }
  });

  for (const { who, left, count } of [
    { who: "several", left: undefined, count: 3 },
    { who: "two, where another has left its note,", left: '{"port":1,"password":"gone","owner":4194305}', count: 2 },
    { who: "two, where a note was not written to its end,", left: "", count: 2 },
  ])
    it(`is one process's when ${who} start at once`, async () => {
      const file = join(directory, "embedded-redis.json");
      for (let round = 0; round < 20; round++) {
        if (left !== undefined) await writeFile(file, left);
        const all = await Promise.allSettled(Array.from({ length: count }, () => takeOver(directory)));
        const refused = all.flatMap((one) => (one.status === "rejected" ? [one.reason.code] : []));
        assert.deepEqual(refused, Array(count - 1).fill("conflict"), `round ${round}`);
        await rm(file, { force: true });
      }
      assert.deepEqual(
        (await readdir(directory)).filter((name) => name.startsWith("embedded-redis.json")),
        [],
      );
    });

  it("is taken on a file system without links, too", async () => {
    const withoutLinks = () => Promise.reject(Object.assign(new Error("not permitted"), { code: "EPERM" }));
    const place = await takeOver(directory, withoutLinks);
    const file = join(directory, "embedded-redis.json");
    assert.deepEqual(JSON.parse(await readFile(file, "utf8")), place);
    await rm(file);
  });

  it("says what to install when there is no program", async () => {
    await assert.rejects(startEmbeddedRedis({ directory, programs: ["no-such-redis"] }), {
      code: "invalid_config",
      message: /apt-get install redis-server.*REDIS_URL/,
    });
  });
});
