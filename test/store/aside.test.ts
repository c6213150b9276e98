import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { acknowledge } from "../../src/core/intake.ts";
import { connectRedisStore } from "../../src/store/redis/index.ts";
import { startRedisStore } from "../support/redis-store.ts";
import { group, write } from "./suite/subject.ts";

const { server, admin, store, intake } = await startRedisStore();
const LARGE = { annotations: { text: "x".repeat(5_000) } };
const bodies = () => admin.keys("{stanch}:body:*");

describe("large bodies beside the stream", () => {
  beforeEach(async () => void (await admin.flushall()));

  it("stay without an end until they are acknowledged, then go", async () => {
    await intake.accept(...group([LARGE]));
    const [entry] = await intake.read({ count: 1, block: 0 });
    assert.ok(entry?.aside);
    const key = `{stanch}:body:${entry.aside}`;
    assert.deepEqual(await bodies(), [key]);
    assert.equal(await admin.pttl(key), -1);
    await write(store, acknowledge(entry));
    assert.deepEqual(await bodies(), []);
  });

  it("are read, and removed, where an older version put them: under the entry's id", async () => {
    const id = (await admin.xadd("{stanch}:intake", "*", "s", "alertmanager", "c", '["f1"]')) ?? "";
    await admin.set(`{stanch}:body:${id}`, "a body");
    const [entry] = await intake.read({ count: 1, block: 0 });
    assert.equal(entry?.body, "a body");
    await write(store, acknowledge(entry));
    assert.deepEqual(await bodies(), []);
  });

  it("are not kept when nothing has changed", async () => {
    await intake.accept(...group([LARGE]));
    const others = connectRedisStore({ url: server.url, durability: { kind: "everysec" } });
    assert.deepEqual(await others.intake.accept(...group([LARGE])), { accepted: 0, unchanged: 1 });
    await others.close();
    assert.equal((await bodies()).length, 1);
  });

  it("are refused while Redis is full, and accepted as new when they are sent again", async () => {
    await admin.config("SET", "maxmemory", "1");
    await assert.rejects(intake.accept(...group([LARGE])), { code: "unavailable", message: /OOM; it is full/ });
    await admin.config("SET", "maxmemory", "0");
    assert.deepEqual(await intake.accept(...group([LARGE])), { accepted: 1, unchanged: 0 });
    assert.equal((await intake.read({ count: 9, block: 0 })).length, 1);
  });

  it("are kept by a server that does not know the script", async () => {
    await intake.accept(...group([{ fingerprint: "f2" }]));
    await admin.script("FLUSH");
    assert.deepEqual(await intake.accept(...group([LARGE])), { accepted: 1, unchanged: 0 });
    const [, entry] = await intake.read({ count: 2, block: 0 });
    assert.equal(entry?.body, group([LARGE])[1].toString());
  });

  it("change nothing when what was laid aside is gone before its script", async () => {
    // Who may not write these keys cannot lay a body aside.
    await admin.acl("SETUSER", "narrow", "on", "nopass", "~*", "+@all", "-mset");
    const url = server.url.replace("redis://", "redis://narrow:any@");
    const narrow = connectRedisStore({ url, durability: { kind: "everysec" } });
    await assert.rejects(narrow.intake.accept(...group([LARGE])), { code: "unavailable", message: /NOPERM/ });
    await narrow.close();
    assert.deepEqual(await intake.accept(...group([LARGE])), { accepted: 1, unchanged: 0 });
  });
});

describe("an entry of the stream", () => {
  beforeEach(async () => void (await admin.flushall()));

  const fieldsOfEntry = async () => (await admin.xrange("{stanch}:intake", "-", "+"))[0]?.[1] ?? [];

  it("names what changed where workers of an older version look for it, also of first episodes", async () => {
    for (const alert of [{ fingerprint: "f1" }, { ...LARGE, fingerprint: "f1" }]) {
      await admin.flushall();
      await intake.accept(...group([alert]));
      const fields = await fieldsOfEntry();
      assert.equal(fields[fields.indexOf("c") + 1], '["f1"]');
      const [entry] = await intake.read({ count: 1, block: 0 });
      assert.deepEqual([entry?.changed, entry?.first], [["f1"], true]);
    }
  });
});
