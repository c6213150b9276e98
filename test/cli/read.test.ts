import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import type { Desk } from "../../src/core/desk.ts";
import type { Lease } from "../../src/core/lease.ts";
import { AT, alert, approval, incident, lease, run, startHttp, stubDesk, TOKENS, view } from "../http/support.ts";
import { cli } from "./support.ts";

describe("reading", () => {
  test("incidents are an aligned table with relative and absolute times", async (t) => {
    const { url } = await startHttp(t);
    const { code, out } = await cli(["incidents"], { env: env(url) });
    assert.equal(code, 0);
    assert.deepEqual(out.split("\n"), [
      "ID     SEVERITY  STATUS  OPENED                         ALERTS  TITLE",
      "inc-1  P1        open    5m ago (2026-11-21 12:30:00Z)  1/1     LiteLLMHighErrorRate on litellm",
    ]);
  });

  test("an incident shows its runs, approvals, leases and timeline", async (t) => {
    const { url } = await startHttp(t);
    const { out } = await cli(["show", "inc-1"], { env: env(url) });
    for (const text of ["fallback-enable", "apr-1", "1 of oncall", "lease-1", "inc-1 opened", "anna", "paused"]) {
      assert.ok(out.includes(text), text);
    }
  });

  test("an incident shows until when an acknowledgement holds calls back, or since when no more", async (t) => {
    const shown = async (minutes: number) => {
      const acknowledged = { by: "anna", at: AT, until: AT + minutes * 60_000 };
      const held = { ...view, incident: { ...incident, acknowledged } };
      const { url } = await startHttp(t, { desk: { ...stubDesk().desk, incident: async () => held } });
      const { out } = await cli(["show", "inc-1"], { env: env(url) });
      return /^acknowledged +(.*)$/m.exec(out)?.[1];
    };
    const given = "anna, 5m ago (2026-11-21 12:30:00Z)";
    assert.equal(await shown(30), `${given}; ends in 25m (2026-11-21 13:00:00Z)`);
    assert.equal(await shown(3), `${given}; ended 2m ago (2026-11-21 12:33:00Z)`);
    assert.equal(await shown(0), given, "closing an incident acknowledges it, and holds nothing back");
  });

  test("show tells by the id what it names", async (t) => {
    const { url } = await startHttp(t);
    const page = async (id: string) => (await cli(["show", id], { env: env(url) })).out;
    assert.match(await page("run-1"), /waits for an approval/);
    assert.match(await page("apr-1"), /error_rate is 0.12/);
    assert.match(await page(alert.id), /5xx is 12 %/);
    assert.equal((await cli(["show", "nonsense"], { env: env(url) })).code, 2);
    assert.deepEqual(await cli(["show", "inc-2"], { env: env(url) }), {
      code: 1,
      out: "",
      err: "error: there is no incident inc-2",
    });
  });

  test("an approval says that it may be kept, and who wanted that", async (t) => {
    const offered = {
      ...approval,
      offersKeep: true as const,
      votes: approval.votes.map((vote) => ({ ...vote, keep: true as const })),
    };
    const { url } = await startHttp(t, { desk: { ...stubDesk().desk, approval: async () => offered } });
    const { out } = await cli(["show", "apr-1"], { env: env(url) });
    assert.match(out, /may be kept +approve apr-1 --keep: without its lease, nothing undoes it/);
    assert.match(out, /approve +anna \(slack\), .*, to be kept/);
  });

  test("only what is still to be decided or undone says until when", async (t) => {
    const shown = async (approvalStatus: "pending" | "approved", leaseStatus: "active" | "reverted") => {
      const decided = { ...approval, status: approvalStatus };
      const ended = { ...view, approvals: [decided], leases: [{ ...lease, status: leaseStatus }] };
      const desk = { ...stubDesk().desk, approval: async () => decided, incident: async () => ended };
      const { url } = await startHttp(t, { desk });
      const [incidentPage, approvalPage] = [
        await cli(["show", "inc-1"], { env: env(url) }),
        await cli(["show", "apr-1"], { env: env(url) }),
      ];
      const rows = incidentPage.out.split("\n").filter((line) => /^(apr|lease)-1 /.test(line));
      return [...rows.map((row) => row.includes("12:30:00Z")), /^expires/m.test(approvalPage.out)];
    };
    assert.deepEqual(await shown("pending", "active"), [true, true, true]);
    assert.deepEqual(await shown("approved", "reverted"), [false, false, false]);
  });

  test("what nobody has to agree to does not expire: it says when it runs", async (t) => {
    const veto = { ...approval, policy: { ...approval.policy, veto: 60_000 }, vetoEndsAt: approval.expiresAt };
    const desk = { ...stubDesk().desk, approval: async () => veto, approvals: async () => ({ items: [veto] }) };
    const { url } = await startHttp(t, { desk });
    for (const args of [["show", "apr-1"], ["status"]]) {
      const { out } = await cli(args, { env: env(url) });
      assert.match(out, /runs .*12:30:00Z\) unless someone objects/);
    }
  });

  test("status shows what nobody knows the outcome of: it waits for an answer, and holds its target meanwhile", async (t) => {
    const question = "did this take effect: send POST /echo?";
    const stopped = { ...run, id: "run-7", state: { kind: "unknown_outcome", question }, sentence: question } as const;
    const runs: Desk["runs"] = async ({ state }) => ({ items: state === "unknown_outcome" ? [stopped] : [run] });
    const { url } = await startHttp(t, { desk: { ...stubDesk().desk, runs } });
    const { out } = await cli(["status"], { env: env(url) });
    assert.match(out, /QUESTIONS[\s\S]*run-7 +unknown_outcome.*did this take effect: send POST \/echo\?/);
  });

  test("status shows what could not be undone first: it is in force, and needs somebody", async (t) => {
    const all: readonly Lease[] = (["active", "failed", "reverting", "reverted"] as const).map((status) => ({
      ...lease,
      id: `lease-${status}`,
      status,
      ...(status === "active" && { attempts: 2, failure: "access denied" }),
    }));
    const leases: Desk["leases"] = async ({ status }) => ({ items: all.filter((one) => one.status === status) });
    const { url } = await startHttp(t, { desk: { ...stubDesk().desk, leases } });
    const { out } = await cli(["status"], { env: env(url) });
    assert.match(
      out,
      /lease-failed +failed[\s\S]*lease-reverting +reverting[\s\S]*lease-active +active.*\(failed 2 times: access denied\)/,
    );
    assert.doesNotMatch(out, /lease-reverted/);
  });

  test("the worst incidents come first, and it says when there are more", async (t) => {
    const { desk } = stubDesk();
    const found = await desk.incident("inc-1");
    assert.ok(found);
    const items = (["P2", "P0", "P1"] as const).map((severity) => ({
      ...found.incident,
      id: `inc-${severity}`,
      severity,
    }));
    const many: typeof desk = {
      ...desk,
      incidents: async () => ({ items, next: "more" }),
      incident: async (id) => ({ ...found, incident: items.find((one) => one.id === id) ?? found.incident }),
    };
    const { url } = await startHttp(t, { desk: many });
    for (const verb of ["incidents", "status"]) {
      const { out } = await cli([verb], { env: env(url) });
      assert.match(out, /P0[\s\S]*P1[\s\S]*P2/);
      assert.match(out, /there are more than these/);
    }
  });

  test("status shows what is open and what is paused", async (t) => {
    const { url } = await startHttp(t);
    const { out } = await cli(["status"], { env: env(url) });
    for (const text of ["inc-1", "apr-1", "task-1", "lease-1", "global", "deploy"]) assert.ok(out.includes(text), text);
    const json = JSON.parse((await cli(["status", "--json"], { env: env(url) })).out);
    assert.equal(json.approvals.items[0].id, "apr-1");
  });

  test("--json gives all that the server answered", async (t) => {
    const { url } = await startHttp(t);
    const { items } = JSON.parse((await cli(["incidents", "--json"], { env: env(url) })).out);
    assert.deepEqual(items[0].labels, { service: "litellm" });
    const shown = JSON.parse((await cli(["show", "inc-1", "--json"], { env: env(url) })).out);
    assert.equal(shown.timeline.length, 3);
  });

  test("a report is printed as it is", async (t) => {
    const { url } = await startHttp(t);
    assert.equal((await cli(["report", "inc-1"], { env: env(url) })).out, "# inc-1\n");
  });

  test("an alert's text cannot move the cursor, forge a line or be cut in half", async (t) => {
    const title = "evil\u001b[2J\u001b]0;owned\u0007\nP0 forged\u202e line\u0000";
    const hostile = { ...incident, title };
    const desk = {
      ...stubDesk().desk,
      incidents: async () => ({ items: [hostile] }),
      incident: async () => ({ ...view, incident: hostile }),
    };
    const { url } = await startHttp(t, { desk });
    for (const args of [["incidents"], ["show", "inc-1"]]) {
      const { out } = await cli(args, { env: env(url) });
      assert.ok(out.includes("evil P0 forged line"), out);
      assert.ok([...out].every((character) => character === "\n" || !/[\p{Cc}\u202e]/u.test(character)));
    }
  });

  test("colours come only with a terminal, and lines are cut to its width", async (t) => {
    const { url } = await startHttp(t);
    const { out } = await cli(["incidents"], { env: env(url), color: true, columns: 40 });
    assert.ok(out.includes("\u001b["));
    for (const line of out.split("\n")) assert.ok(stripVTControlCharacters(line).length <= 40);
  });
});

describe("when the server does not answer as hoped", () => {
  test("nothing listens: says where and what to do", async (t) => {
    const { url, http } = await startHttp(t);
    await http.close(0);
    const { code, err } = await cli(["incidents"], { env: env(url) });
    assert.equal(code, 1);
    assert.ok(err.startsWith(`error: no answer from stanch at ${url}: nothing listens there; start it`), err);
  });

  test("without an address it asks the port of this machine that serve would listen on", async (t) => {
    const { url } = await startHttp(t);
    const { port } = new URL(url);
    const asked = await cli(["incidents"], { env: { PORT: port, STANCH_API_TOKEN: TOKENS.viewer } });
    assert.deepEqual([asked.code, asked.err], [0, ""]);
    const elsewhere = await cli(["incidents"], { env: { ...env(url), PORT: "1" } });
    assert.deepEqual([elsewhere.code, elsewhere.err], [0, ""]);
    const wrong = await cli(["incidents"], { env: { PORT: "http" } });
    assert.deepEqual([wrong.code, /http:\/\/127\.0\.0\.1:http is no http/.test(wrong.err)], [2, true]);
  });

  test("no token or a wrong one: says which variable", async (t) => {
    const { url } = await startHttp(t);
    for (const token of [undefined, "wrong"]) {
      const { code, err } = await cli(["incidents"], { env: { STANCH_URL: url, STANCH_API_TOKEN: token } });
      assert.equal(code, 1);
      assert.match(err, /STANCH_API_TOKEN/);
    }
  });

  test("a connection that is cut in the middle of an answer is said to be", async (t) => {
    const server = createServer((_, response) => {
      response.writeHead(200, { "content-length": "100" }).write('{"items"');
      setTimeout(() => response.destroy(), 20);
    }).listen(0, "127.0.0.1");
    t.after(() => server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const { code, err } = await cli(["incidents"], { env: env(`http://127.0.0.1:${port}`) });
    const said = `error: no answer from stanch at http://127.0.0.1:${port}: the connection was cut; try again`;
    assert.deepEqual([code, err], [1, said]);
  });

  test("something else listens there: says so", async (t) => {
    const server = createServer((_, response) => response.end("<html>hello</html>")).listen(0, "127.0.0.1");
    t.after(() => server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const { code, err } = await cli(["incidents"], { env: env(`http://127.0.0.1:${port}`) });
    assert.equal(code, 1);
    assert.match(err, /cannot be read/);
  });
});

describe("plan", () => {
  test("sends the file's body and shows what would run", async (t) => {
    const bodies: string[] = [];
    const plan = {
      alerts: [
        {
          fingerprint: "f",
          labels: { alertname: "High", service: "x" },
          level: "P1",
          sentence: "error_rate is 0.12",
          playbooks: [{ playbook: "shed", matched: true, reason: "all matchers hold" }],
        },
      ],
      runs: [
        {
          playbook: "shed",
          target: "settings:gateway",
          autonomy: "approve",
          severity: "P1",
          steps: [{ path: "shed", uses: "settings.set", effect: "reversible", describe: "set SHED_RATE to 0.3" }],
        },
      ],
    };
    const desk = {
      ...stubDesk().desk,
      plan: async (source: string, body: string) => {
        bodies.push(`${source} ${body}`);
        return plan;
      },
    };
    const { url } = await startHttp(t, { desk });
    const stdin = async () => '{"alerts":[]}';
    const { code, out } = await cli(["plan", "--alert", "-", "--source", "grafana"], { env: env(url), stdin });
    assert.equal(code, 0);
    assert.deepEqual(bodies, ['grafana {"alerts":[]}']);
    for (const text of ["High service=x", "all matchers hold", "set SHED_RATE to 0.3"]) assert.ok(out.includes(text));
    assert.equal((await cli(["plan"], { env: env(url) })).code, 2);
    assert.equal((await cli(["plan", "--alert", "/no/such/file"], { env: env(url) })).code, 2);
    assert.equal((await cli(["plan", "--alert", "-", "--source", "nagios"], { env: env(url) })).code, 2);
  });
});

function env(url: string): Record<string, string> {
  return { STANCH_URL: url, STANCH_API_TOKEN: TOKENS.viewer };
}
