import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AppError } from "../../src/core/errors.ts";
import { silentLog } from "../../src/core/log.ts";
import type { Source } from "../../src/core/source.ts";
import { type AcceptDeps, type AcceptIntake, accept } from "../../src/flow/accept.ts";
import { createAlertmanager } from "../../src/sources/alertmanager.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";

const now = Date.UTC(2026, 10, 21, 13);

/** Counts what accept tells its metrics, as the exposition would show it. */
function counting() {
  const counts: Record<string, number> = {};
  const add = (name: string, by = 1) => {
    counts[name] = (counts[name] ?? 0) + by;
  };
  const metrics: AcceptDeps["metrics"] = {
    accepted: (source, alerts) => add(`accepted ${source}`, alerts),
    unchanged: (source, alerts) => add(`unchanged ${source}`, alerts),
    alertsRejected: (source, alerts) => add(`unread ${source}`, alerts),
    rejected: (source, reason) => add(`rejected ${source} ${reason}`),
    acceptSeconds: (source) => add(`timed ${source}`),
  };
  return { counts, metrics };
}

function setup(changes: { intake?: AcceptIntake; source?: Source } = {}) {
  const { counts, metrics } = counting();
  const memory = createMemoryStore({ now: () => now });
  const source = changes.source ?? createAlertmanager({ kind: "bearer", token: "t" }, { now: () => now });
  const deps: AcceptDeps = {
    sources: new Map([[source.name, source]]),
    intake: changes.intake ?? memory.intake,
    metrics,
    log: silentLog,
    clock: () => 0,
  };
  return { deps, counts, intake: memory.intake };
}

function call(alerts: readonly unknown[], token = "t") {
  const body = Buffer.from(JSON.stringify({ groupKey: "g", alerts }));
  return { headers: { authorization: `Bearer ${token}` }, body };
}

const alert = (service: string, status = "firing") => ({
  status,
  labels: { alertname: "Down", service },
  startsAt: "2026-11-21T12:00:00Z",
});

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "accepted",
    (error: unknown) => (error instanceof AppError ? error.code : String(error)),
  );
}

describe("accept", () => {
  it("stores what changed and answers how much it was", async () => {
    const { deps, counts, intake } = setup();
    assert.deepEqual(await accept(deps, "alertmanager", call([alert("a"), alert("b")])), { accepted: 2, unchanged: 0 });
    assert.deepEqual(await accept(deps, "alertmanager", call([alert("a"), alert("b")])), { accepted: 0, unchanged: 2 });
    assert.deepEqual(await accept(deps, "alertmanager", call([alert("a"), alert("b", "resolved")])), {
      accepted: 1,
      unchanged: 1,
    });
    assert.equal((await intake.backlog()).entries, 2);
    assert.deepEqual(counts, { "accepted alertmanager": 3, "unchanged alertmanager": 3, "timed alertmanager": 3 });
  });

  it("authenticates repeats too", async () => {
    const { deps } = setup();
    await accept(deps, "alertmanager", call([alert("a")]));
    assert.equal(await codeOf(accept(deps, "alertmanager", call([alert("a")], "wrong"))), "unauthorized");
  });

  it("keeps nothing of a call it refuses, and counts why", async () => {
    const { deps, counts, intake } = setup();
    assert.equal(await codeOf(accept(deps, "alertmanager", call([alert("a")], "wrong"))), "unauthorized");
    assert.equal(await codeOf(accept(deps, "alertmanager", call([{ status: "firing" }]))), "invalid_request");
    assert.equal(await codeOf(accept(deps, "grafana", call([alert("a")]))), "not_found");
    assert.equal(await codeOf(accept(deps, "__proto__", call([alert("a")]))), "not_found");
    assert.equal((await intake.backlog()).entries, 0);
    assert.deepEqual(counts, {
      "rejected alertmanager unauthorized": 1,
      "rejected alertmanager invalid_request": 1,
      "rejected unknown not_found": 2,
      "timed alertmanager": 2,
      "timed unknown": 2,
    });
  });

  it("takes the alerts of a body that can be read, and tells of the others each time it comes", async () => {
    const { deps, counts, intake } = setup();
    const mixed = call([alert("a"), { status: "maybe", labels: { alertname: 7 } }, alert("b"), 9]);
    const details = [
      { path: "alerts[1].status", message: "expected firing or resolved" },
      { path: "alerts[1].labels.alertname", message: "expected a string" },
      { path: "alerts[3]", message: "expected an object" },
    ];
    const accepted = await accept(deps, "alertmanager", mixed);
    assert.deepEqual(accepted, { accepted: 2, unchanged: 0, rejected: 2, details });
    for (let times = 0; times < 2; times += 1) {
      const again = await accept(deps, "alertmanager", mixed);
      assert.deepEqual(again, { accepted: 0, unchanged: 2, rejected: 2, details });
    }
    assert.equal((await intake.backlog()).entries, 1);
    const [entry] = await intake.waiting(1);
    const kept = createAlertmanager({ kind: "none" }, { now: () => now }).parse(entry?.body ?? "");
    assert.deepEqual(
      kept.alerts.map(({ labels }) => labels.service),
      ["a", "b"],
    );
    assert.deepEqual(counts, {
      "accepted alertmanager": 2,
      "unchanged alertmanager": 4,
      "unread alertmanager": 6,
      "timed alertmanager": 3,
    });
  });

  it("takes a body without alerts without asking the store", async () => {
    const down = () => Promise.reject(new AppError("unavailable", "down"));
    const { deps } = setup({ intake: { accept: down } });
    assert.deepEqual(await accept(deps, "alertmanager", call([])), { accepted: 0, unchanged: 0 });
  });

  it("says that it could not store", async () => {
    const down = () => Promise.reject(new AppError("unavailable", "down"));
    for (const intake of [{ accept: down }, { accept: down, repeated: down }]) {
      const { deps, counts } = setup({ intake });
      assert.equal(await codeOf(accept(deps, "alertmanager", call([alert("a")]))), "unavailable");
      assert.equal(counts["rejected alertmanager unavailable"], 1);
    }
  });

  it("does not wait for a store that hangs", { timeout: 2000 }, async () => {
    const hang = () => new Promise<never>(() => {});
    const waiting = [{ accept: hang }, { accept: hang, repeated: hang }].map(async (intake) => {
      const { deps } = setup({ intake });
      return codeOf(accept(deps, "alertmanager", call([alert("a")])));
    });
    assert.deepEqual(await Promise.all(waiting), ["unavailable", "unavailable"]);
  });

  it("counts a bug as internal and lets it through", async () => {
    const broken = () => Promise.reject(new TypeError("x is undefined"));
    const { deps, counts } = setup({ intake: { accept: broken } });
    assert.match(await codeOf(accept(deps, "alertmanager", call([alert("a")]))), /TypeError/);
    assert.equal(counts["rejected alertmanager internal"], 1);
  });

  it("passes on what a source dealt with itself", async () => {
    const source: Source = {
      name: "cloudwatch",
      receive: () => ({ kind: "handled", note: "confirmed" }),
      parse: () => assert.fail("not parsed"),
    };
    const { deps, intake } = setup({ source });
    assert.deepEqual(await accept(deps, "cloudwatch", call([])), { accepted: 0, unchanged: 0, note: "confirmed" });
    assert.equal((await intake.backlog()).entries, 0);
  });

  it("changes nothing more when the same body comes 100 times at once", async () => {
    const { deps, intake } = setup();
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => accept(deps, "alertmanager", call([alert("a"), alert("b")]))),
    );
    assert.equal(
      answers.reduce((sum, { accepted }) => sum + accepted, 0),
      2,
    );
    assert.equal((await intake.backlog()).entries, 1);
  });
});
