import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import type { Actor } from "../../src/core/decision.ts";
import type { Incident } from "../../src/core/incident.ts";
import { ALERT_INDEXES } from "../../src/flow/removal.ts";
import { RETENTION_SWEEP } from "../../src/flow/retention-sweep.ts";
import type { MemoryState } from "../../src/store/memory/state.ts";
import { DAY, MINUTE, openRetentionHouse, type RetentionHouse } from "./retention-house.ts";

const ANNA: Actor = { name: "anna", via: "api", role: "admin", apiToken: "anna-cli", person: "anna" };

const YAML = `
version: 1
severity:
  - { level: P1, when: 'alert.labels.severity == "critical"' }
  - { level: none, when: 'true' }
api: { tokens: [{ name: anna-cli, role: admin, token: secret-of-anna }] }
approvals:
  people: { anna: { token: anna-cli } }
  groups: { oncall: { people: [anna] } }
  default: { group: oncall }
escalation:
  - { after: 0m, when: needs-person, notify: ['slack:@oncall'] }
reports: { directory: reports, decision-log: DECISIONS.log, incidents-log: INCIDENTS.md }
`;

async function open(): Promise<RetentionHouse> {
  const directory = mkdtempSync(join(tmpdir(), "stanch-retention-"));
  const file = join(directory, "stanch.yaml");
  writeFileSync(file, YAML);
  try {
    const house = await openRetentionHouse(loadConfig({ file, environment: {}, insecureDev: true }));
    await house.store.commit({ checks: [], writes: [{ write: "due", member: RETENTION_SWEEP, at: 0 }] });
    await house.drain();
    return house;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const critical = (service: string) => ({ alertname: "Down", service, severity: "critical" });

/** An incident from its alert to its resolution: asked, approved, changed, undone an hour later, noted by a person, reported. */
async function wholeLife(house: RetentionHouse, service = "litellm"): Promise<string> {
  await house.send("firing", critical(service));
  const [approval = ""] = (await house.store.page("approvals:pending", { limit: 1 })).members;
  assert.ok((await house.decide(ANNA, { verb: "approve", approval })).ok);
  await house.pass(2 * MINUTE);
  const [id = ""] = (await house.store.page("incidents", { limit: 1 })).members;
  await house.desk.note?.(ANNA, id, { at: house.clock.at, text: "looks better", key: "k1" });
  await house.send("resolved", critical(service));
  await house.pass(70 * MINUTE);
  return id;
}

/** Everything that a memory holds, by name; marks and reservations that have run out are nothing. */
function left(state: MemoryState): readonly string[] {
  const now = state.clock.now();
  const filled = <V extends { size: number } | { length: number }>(map: Map<string, V>): readonly string[] =>
    [...map].filter(([, value]) => ("size" in value ? value.size : value.length) > 0).map(([name]) => name);
  return [
    ...state.docs.keys(),
    ...filled(state.lists),
    ...filled(state.sets),
    ...filled(state.hashes),
    ...filled(state.indexes),
    ...state.claims.keys(),
    ...[...state.due.keys()].filter((member) => member !== RETENTION_SWEEP),
    ...state.locks.keys(),
    ...state.expiries.keys(),
    ...state.episodes.keys(),
    ...state.groups.keys(),
    ...state.entries.map((entry) => entry.id),
    ...[...state.marks].filter(([, until]) => until > now).map(([name]) => name),
  ];
}

describe("an incident that is over", () => {
  test("is whole for 90 days, and then nothing of it is left but counters", async () => {
    const house = await open();
    const id = await wholeLife(house);
    await house.pass(89 * DAY, DAY / 2);
    const view = await house.desk.incident(id);
    assert.equal(view?.incident.status, "resolved");
    assert.equal(view?.runs.length, 1);
    assert.equal(view?.runs[0]?.steps.length, 1);
    assert.equal(view?.leases[0]?.status, "reverted");
    assert.equal(view?.approvals.length, 1);
    assert.ok((view?.timelineLength ?? 0) > 10);
    assert.ok((await house.desk.timeline(id)).some((entry) => entry.text === "looks better"));
    assert.match((await house.desk.report(id)) ?? "", /## Actions taken\n\n- \*\*respond\*\*/);
    await house.pass(12 * DAY, DAY / 2);
    assert.equal(await house.desk.incident(id), undefined);
    assert.deepEqual(left(house.state), []);
    assert.deepEqual([...house.state.counters.keys()], ["incidents"]);
    assert.ok(house.written.size > 0, "files are people's to remove");
  });

  test("takes only its own things with it", async () => {
    const house = await open();
    const first = await wholeLife(house, "one");
    await house.pass(60 * DAY, DAY);
    const second = await wholeLife(house, "two");
    await house.pass(35 * DAY, DAY);
    assert.equal(await house.desk.incident(first), undefined);
    const view = await house.desk.incident(second);
    assert.equal(view?.runs.length, 1);
    assert.equal(view?.episodes.length, 1);
    await house.pass(54 * DAY, DAY);
    assert.ok(await house.desk.incident(second));
    const texts = (): readonly string[] => [...house.state.docs.keys()].filter((key) => key.startsWith("playbook:"));
    assert.equal(texts().length, 1, "the playbook's text stays as long as a run refers to it");
    await house.pass(15 * DAY, DAY);
    assert.deepEqual(left(house.state), []);
  });

  test("counts from its last resolution when it comes back", async () => {
    const house = await open();
    const id = await wholeLife(house);
    await house.pass(80 * DAY, DAY);
    const doc = await house.store.get<Incident>("incident", id);
    assert.ok(doc);
    const body = { ...doc.body, opening: 2, resolvedAt: house.clock.at };
    await house.store.commit({ checks: [], writes: [{ write: "put", kind: "incident", id, body }] });
    await house.pass(80 * DAY, DAY);
    assert.ok(await house.desk.incident(id));
    await house.pass(15 * DAY, DAY);
    assert.equal(await house.desk.incident(id), undefined);
  });

  test("waits while a lease of it is in force, and is whole for as long again once that was undone", async () => {
    const house = await open();
    await house.send("firing", critical("litellm"));
    const [approval = ""] = (await house.store.page("approvals:pending", { limit: 1 })).members;
    await house.decide(ANNA, { verb: "approve", approval });
    await house.pass(2 * MINUTE);
    const [lease = ""] = (await house.store.page("leases:active", { limit: 1 })).members;
    const extend = () => house.decide(ANNA, { verb: "extend", lease, for: 20 * DAY });
    await extend();
    const [id = ""] = (await house.store.page("incidents", { limit: 1 })).members;
    await house.send("resolved", critical("litellm"));
    for (let turn = 0; turn < 5; turn++) {
      await house.pass(20 * DAY, DAY);
      await extend();
    }
    assert.ok(await house.desk.incident(id));
    await house.pass(25 * DAY, DAY);
    const timeline = await house.desk.timeline(id, 0);
    assert.match(timeline.at(-1)?.text ?? "", /^lease .* ended: change/);
    await house.pass(90 * DAY, DAY);
    assert.equal(await house.desk.incident(id), undefined);
  });

  test("is removed in portions that a crash between them does not lose", async () => {
    const house = await open();
    const id = await wholeLife(house);
    await house.store.commit({
      checks: [],
      writes: [
        {
          write: "add",
          set: `incident:${id}:episodes`,
          members: Array.from({ length: 450 }, (_, number) => `alertmanager-x${number}-1`),
        },
      ],
    });
    const commit = house.store.commit;
    let fails = 2;
    house.store.commit = async (tx) => {
      if (tx.writes.some((one) => one.write === "delete" && one.kind === "alert") && fails-- === 1)
        throw new Error("the worker dies here");
      return commit(tx);
    };
    await assert.rejects(house.pass(91 * DAY, DAY), /dies here/);
    assert.ok(await house.desk.incident(id), "the incident goes last");
    await house.pass(10 * DAY, DAY);
    assert.deepEqual(left(house.state), []);
  });
});

describe("alerts without an incident", () => {
  test("of no severity are forgotten as long after their end", async () => {
    const house = await open();
    await house.send("firing", { alertname: "Note", service: "quiet", severity: "info" });
    await house.pass(3 * 60 * MINUTE, 30 * MINUTE);
    await house.send("resolved", { alertname: "Note", service: "quiet", severity: "info" });
    await house.pass(89 * DAY, DAY / 2);
    assert.equal((await house.store.page(ALERT_INDEXES, { limit: 5 })).members.length, 1);
    await house.pass(10 * DAY, DAY / 2);
    assert.deepEqual(left(house.state), []);
  });

  test("that a person closed while they fired stay until they end", async () => {
    const house = await open();
    await house.send("firing", critical("litellm"));
    const [id = ""] = (await house.store.page("incidents", { limit: 1 })).members;
    await house.decide(ANNA, { verb: "close", incident: id });
    await house.pass(95 * DAY, DAY);
    assert.equal(await house.desk.incident(id), undefined);
    const [alert = ""] = (await house.store.page(ALERT_INDEXES, { limit: 5 })).members;
    assert.notEqual(alert, "");
    await house.send("resolved", critical("litellm"));
    await house.pass(100 * DAY, DAY);
    assert.deepEqual(left(house.state), []);
  });
});
