import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { Redis } from "ioredis";
import type { Config, RedisRisk } from "../../src/core/config.ts";
import { connectRedisStore } from "../../src/store/redis/index.ts";
import { startRedis } from "../support/redis.ts";

const server = await startRedis();
const admin = new Redis(server.url);
after(async () => {
  admin.disconnect();
  await server.stop();
});

type Row = {
  when: string;
  settings?: Record<string, string>;
  durability?: Config["durability"];
  acceptedRisks?: RedisRisk[];
  finds: [level: "fatal" | "warning" | "accepted", text: RegExp][];
};

const ROWS: Row[] = [
  { when: "append-only file and noeviction", finds: [] },
  { when: "no append-only file", settings: { appendonly: "no" }, finds: [["fatal", /set appendonly yes/]] },
  {
    when: "no append-only file, accepted by the operator",
    settings: { appendonly: "no" },
    acceptedRisks: ["no-aof"],
    finds: [["accepted", /a restart loses every alert, run and lease$/]],
  },
  {
    when: "eviction, accepted by the operator",
    settings: { "maxmemory-policy": "allkeys-lru" },
    acceptedRisks: ["eviction"],
    finds: [["accepted", /allkeys-lru: when its memory is full/]],
  },
  {
    when: "another risk than the accepted one",
    settings: { appendonly: "no" },
    acceptedRisks: ["eviction"],
    finds: [["fatal", /set appendonly yes/]],
  },
  {
    when: "no append-only file, accepted, with a durability that rests on it",
    settings: { appendonly: "no", appendfsync: "always" },
    durability: { kind: "aof-always" },
    acceptedRisks: ["no-aof"],
    finds: [["fatal", /set appendonly yes/]],
  },
  { when: "a risk accepted that there is not", acceptedRisks: ["no-aof", "eviction"], finds: [] },
  { when: "eviction", settings: { "maxmemory-policy": "allkeys-lru" }, finds: [["fatal", /allkeys-lru.*noeviction/]] },
  { when: "aof-always without fsync", durability: { kind: "aof-always" }, finds: [["fatal", /appendfsync everysec/]] },
  { when: "aof-always", settings: { appendfsync: "always" }, durability: { kind: "aof-always" }, finds: [] },
  {
    when: "too few replicas",
    durability: { kind: "wait", replicas: 2 },
    finds: [["warning", /wait:2, but 0 replicas/]],
  },
  {
    when: "everything wrong at once",
    settings: { appendonly: "no", "maxmemory-policy": "volatile-ttl" },
    finds: [
      ["fatal", /volatile-ttl/],
      ["fatal", /appendonly/],
    ],
  },
];

const EVERYSEC: Config["durability"] = { kind: "everysec" };
const GOOD = { appendonly: "yes", "maxmemory-policy": "noeviction", appendfsync: "everysec" };

describe("start-up checks", () => {
  for (const { when, settings = {}, durability = EVERYSEC, acceptedRisks = [], finds } of ROWS) {
    it(when, async () => {
      for (const [name, value] of Object.entries({ ...GOOD, ...settings })) await admin.config("SET", name, value);
      const backend = connectRedisStore({ url: server.url, durability });
      const findings = await backend.check({ acceptedRisks });
      await backend.close();
      assert.deepEqual(
        findings.map(({ level }) => level),
        finds.map(([level]) => level),
      );
      for (const [at, [, text]] of finds.entries()) assert.match(findings[at]?.message ?? "", text);
    });
  }

  it("where CONFIG is forbidden INFO answers, and what it does not tell is a warning", async () => {
    for (const [name, value] of Object.entries(GOOD)) await admin.config("SET", name, value);
    await admin.acl("SETUSER", "managed", "on", ">secret", "~*", "+@all", "-config");
    const url = server.url.replace("//", "//managed:secret@");
    const everysec = connectRedisStore({ url, durability: { kind: "everysec" } });
    assert.deepEqual(await everysec.check(), []);
    await everysec.close();
    const always = connectRedisStore({ url, durability: { kind: "aof-always" } });
    assert.deepEqual(
      (await always.check()).map(({ level }) => level),
      ["warning"],
    );
    await always.close();
  });

  it("a replica is refused", async () => {
    const replica = await startRedis({ replicaof: `127.0.0.1 ${server.port}` });
    const backend = connectRedisStore({ url: replica.url, durability: { kind: "everysec" } });
    const findings = await backend.check();
    assert.match(findings.map(({ message }) => message).join(), /is a replica.*primary/);
    const put = { write: "put", kind: "alert", id: "a", body: {} } as const;
    const commit = backend.store.commit({ checks: [], writes: [put] });
    await assert.rejects(commit, { code: "unavailable", message: /READONLY; it is a replica/ });
    await backend.close();
    await replica.stop();
  });

  it("a wrong password is named without being shown", async () => {
    const backend = connectRedisStore({
      url: server.url.replace("//", "//managed:wr0ng@"),
      durability: { kind: "everysec" },
    });
    await assert.rejects(backend.check(), {
      code: "unavailable",
      message: /WRONGPASS; correct the password in REDIS_URL$/,
    });
    await backend.close();
  });
});
