import assert from "node:assert/strict";
import { test } from "node:test";
import type { AlertRecord } from "../../../src/core/episode.ts";
import { alert, createWorld, HOUR, MINUTE, over } from "./world.ts";

test("an alert that nobody has heard of for stale-after and that is gone closes as vanished", async () => {
  const world = createWorld();
  world.outside.presence = "gone";
  await world.send([alert()]);
  await world.pass(8 * HOUR, 10 * MINUTE);
  assert.equal((await world.incident("inc-1"))?.status, "open");
  await world.pass(2 * HOUR, 10 * MINUTE);
  assert.equal((await world.incident("inc-1"))?.status, "resolved");
  assert.equal((await world.record("f"))?.state.status, "resolved");
  const texts = await world.texts("inc-1");
  assert.ok(texts.some((text) => text.startsWith("HighErrorRate vanished: alertmanager no longer knows it")));
  const [state] = await world.intake.states([{ source: "alertmanager", fingerprint: "f" }]);
  assert.equal(state?.status, "resolved");
});

test("repeats keep an alert fresh: nobody is asked", async () => {
  let asked = 0;
  const stillFiring = async () => {
    asked += 1;
    return "gone" as const;
  };
  const world = createWorld({ ports: { stillFiring } });
  for (let hours = 0; hours < 24; hours += 4) {
    await world.send([alert()]);
    await world.pass(4 * HOUR, 10 * MINUTE);
  }
  assert.equal(asked, 0);
  assert.equal((await world.incident("inc-1"))?.status, "open");
});

test("what still fires is confirmed and not asked for again before stale-after", async () => {
  let asked = 0;
  const stillFiring = async () => {
    asked += 1;
    return "firing" as const;
  };
  const world = createWorld({ ports: { stillFiring } });
  await world.send([alert()]);
  await world.pass(17 * HOUR, 10 * MINUTE);
  assert.equal(asked, 1);
  assert.equal((await world.record("f"))?.stale?.answer, "firing");
  await world.pass(2 * HOUR, 10 * MINUTE);
  assert.equal(asked, 2);
});

const unreadable: Readonly<Record<string, () => Promise<"unreadable">>> = {
  "the source answers nonsense": async () => "unreadable",
  "asking throws": () => Promise.reject(new Error("connection refused")),
};
for (const [what, stillFiring] of Object.entries(unreadable)) {
  test(`unreadable is shown once, and the incident stays open: ${what}`, async () => {
    const world = createWorld({ ports: { stillFiring } });
    await world.send([alert()]);
    await world.pass(12 * HOUR, 10 * MINUTE);
    assert.equal((await world.incident("inc-1"))?.status, "open");
    const said = (await world.texts("inc-1")).filter((text) => text.includes("cannot be asked whether it still fires"));
    assert.equal(said.length, 1);
    assert.equal((await world.record("f"))?.stale?.answer, "unreadable");
    await world.send([alert({ annotations: { value: "2" } })]);
    assert.equal((await world.record("f"))?.stale, undefined, "it is heard of again");
  });
}

const storm = (count: number) =>
  Array.from({ length: count }, (_, at) => alert({ fingerprint: `f${at}`, labels: { pod: `pod-${at}` } }));

test("a storm that nobody can be asked about is a few lines, not one for each alert", async () => {
  const world = createWorld();
  await world.send(storm(350));
  await world.pass(12 * HOUR, 10 * MINUTE);
  const said = (await world.texts("inc-1")).filter((text) => text.includes("cannot be asked"));
  assert.ok(said.length > 0 && said.length <= 8, `${said.length} lines`);
  assert.match(
    said[0] ?? "",
    /^HighErrorRate \(50\) were last heard of 9h\S* ago or longer, and alertmanager cannot be asked whether they/,
  );
  assert.equal((await world.record("f349"))?.stale?.answer, "unreadable");
});

test("a storm that vanishes is a few lines, with how much still fires", async () => {
  const world = createWorld();
  world.outside.presence = "gone";
  await world.send(storm(350));
  await world.pass(12 * HOUR, 10 * MINUTE);
  assert.equal((await world.incident("inc-1"))?.status, "resolved");
  const said = (await world.texts("inc-1")).filter((text) => text.includes("vanished"));
  assert.ok(said.length > 0 && said.length <= 6, `${said.length} lines: ${said.join("; ")}`);
});

test("alerts that nobody can be asked about do not keep those that are gone from being asked about", async () => {
  const world = createWorld({
    ports: { stillFiring: async ({ alert: { fingerprint } }) => (fingerprint === "f99" ? "gone" : "unreadable") },
  });
  await world.send(storm(100));
  await world.pass(12 * HOUR, 10 * MINUTE);
  assert.equal((await world.record("f99"))?.state.status, "resolved");
});

test("CloudWatch speaks on changes only: its silence is never stale", async () => {
  const world = createWorld();
  world.outside.presence = "gone";
  await world.send([alert()], { source: "cloudwatch" });
  await world.pass(48 * HOUR, 30 * MINUTE);
  assert.equal((await world.incident("inc-1"))?.status, "open");
});

test("an alert that came back while it was asked about stays open", async () => {
  const world = createWorld({
    ports: {
      async stillFiring(record: AlertRecord) {
        await world.intake.vanish({ source: record.source, fingerprint: "f" }, 1);
        await world.post([alert({ startsAt: world.clock.at })]);
        return "gone";
      },
    },
  });
  await world.send([alert()]);
  world.clock.at += 10 * HOUR;
  await world.assess.wake("incident:inc-1");
  await world.drain();
  assert.deepEqual(await world.store.members("incident:inc-1:firing"), ["alertmanager-f-2"]);
  assert.equal((await world.incident("inc-1"))?.status, "open");
});

test("an alert without an incident vanishes too", async () => {
  const world = createWorld();
  world.outside.presence = "gone";
  await world.send([alert({ severity: "info" })]);
  await world.pass(10 * HOUR, 10 * MINUTE);
  assert.equal((await world.record("f"))?.state.status, "resolved");
});

test("an episode that flapped while nobody assessed is closed when its successor is", async () => {
  const world = createWorld();
  await world.send([alert()]);
  world.clock.at += MINUTE;
  await world.post([over(alert(), world.clock.at)]);
  world.clock.at += MINUTE;
  await world.post([alert({ startsAt: world.clock.at })]);
  await world.drain();
  assert.equal((await world.record("f", 1))?.state.status, "resolved");
  assert.equal((await world.record("f", 2))?.state.status, "firing");
  const incident = await world.incident("inc-1");
  assert.equal(incident?.opening, 1, "it never stopped firing as far as anyone saw");
  assert.equal(incident?.counts?.firing, 1);
  assert.equal(incident?.counts?.total, 2);
});

test("an episode that was left open far back is closed by the next look", async () => {
  const world = createWorld();
  await world.send([alert()]);
  for (let i = 0; i < 6; i += 1) {
    world.clock.at += MINUTE;
    await world.post([over(alert(), world.clock.at)]);
    world.clock.at += MINUTE;
    await world.post([alert({ startsAt: world.clock.at })]);
  }
  await world.drain();
  await world.pass(2 * MINUTE);
  assert.deepEqual(await world.store.members("incident:inc-1:firing"), ["alertmanager-f-7"]);
});
