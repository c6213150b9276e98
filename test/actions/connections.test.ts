import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../src/core/errors.ts";
import { connectionsOf } from "./support.ts";

const redis = { router: { url: "redis://router-redis:6379/0" }, cache: { url: "redis://cache" } };

function messageOf(find: () => unknown): string {
  try {
    find();
  } catch (error) {
    assert.ok(error instanceof AppError && error.code === "invalid_request");
    return error.message;
  }
  return assert.fail("it was found");
}

test("without a name the only one of its kind is meant", () => {
  const connections = connectionsOf({ redis, prometheus: { main: { url: "http://prometheus:9090" } } });
  assert.equal(connections.find("prometheus").name, "main");
  assert.equal(connections.find("redis", "cache").settings.url, "redis://cache");
  assert.match(
    messageOf(() => connections.find("redis")),
    /more than one redis connection; .*router, cache/,
  );
  assert.match(
    messageOf(() => connections.find("ecs")),
    /no ecs connection; add one under connections.ecs/,
  );
  assert.match(
    messageOf(() => connections.find("redis", "gone")),
    /no redis connection gone; there are: router, cache/,
  );
});

test("a client is made once per connection and closed at the end", async () => {
  const connections = connectionsOf({ redis });
  const closed: string[] = [];
  let made = 0;
  const use = (name: string) =>
    connections.find("redis", name).use(
      () => `${name}-${++made}`,
      (client) => closed.push(client),
    );
  assert.deepEqual([use("router"), use("router"), use("cache")], ["router-1", "router-1", "cache-2"]);
  await connections.close();
  assert.deepEqual(closed, ["router-1", "cache-2"]);
});

test("one that cannot be closed does not keep the others open", async () => {
  const connections = connectionsOf({ redis });
  let closed = false;
  connections.find("redis", "router").use(
    () => 1,
    () => assert.fail("broken"),
  );
  connections.find("redis", "cache").use(
    () => 2,
    () => (closed = true),
  );
  await connections.close();
  assert.equal(closed, true);
});

test("connections to one thing share the identity of the first, whatever they spell", () => {
  const connections = connectionsOf({
    redis: {
      a: { url: "redis://Router-Redis" },
      b: { url: "redis://:pw@router-redis:6379/0" },
      c: { url: "redis://router-redis/1" },
    },
    http: {
      a: { baseUrl: "http://gw:80/x", allowPrivate: true, headers: {} },
      b: { baseUrl: "http://gw/x/", allowPrivate: false, headers: {} },
      c: { baseUrl: "http://gw/y", allowPrivate: false, headers: {} },
    },
  });
  const identities = (kind: "redis" | "http") => ["a", "b", "c"].map((name) => connections.find(kind, name).identity);
  assert.deepEqual(identities("redis"), ["a", "a", "c"]);
  assert.deepEqual(identities("http"), ["a", "a", "c"]);
});

test("where a connection leads changes with its address, also behind settings, and holds no credential", () => {
  const placesWith = (host: string, name: string) => {
    const connections = connectionsOf({
      redis: { router: { url: `redis://user:of-no-account@${host}/0` } },
      http: { gateway: { baseUrl: `http://user:of-no-account@${host}:8080/v1/`, headers: {}, allowPrivate: true } },
      kubernetes: { primarch: { context: name, namespace: "llm" } },
      ecs: { poc: { region: name } },
      settings: {
        gateway: { kind: "http", http: "gateway", path: "/settings", allow: {} },
        cache: { kind: "redis", redis: "router", prefix: "setting:", allow: {} },
        flags: { kind: "configmap", kubernetes: "primarch", name: "flags", allow: {} },
        tasks: { kind: "ecs-env", ecs: "poc", cluster: "prod", service: "litellm", allow: {} },
      },
    });
    const settings = ["gateway", "cache", "flags", "tasks"].map((one) => connections.find("settings", one).place);
    const others = (["redis", "http", "kubernetes", "ecs"] as const).map((kind) => connections.find(kind).place);
    return [...settings, ...others];
  };
  const [here, again, there] = [placesWith("a", "one"), placesWith("a", "one"), placesWith("b", "two")];
  assert.deepEqual(here, again);
  for (const [index, place] of here.entries()) assert.notEqual(place, there[index]);
  assert.ok(!here.join(" ").includes("of-no-account"));
});
