import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { cli, type Ran } from "./support.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "stanch-lint-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const SECRETS = { ALERTMANAGER_TOKEN: "alertmanager-secret", STANCH_API_TOKEN: "api-token-0123456789" };

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const files = { STANCH_CONFIG: join(dir, "stanch.yaml"), STANCH_PLAYBOOKS: join(dir, "playbooks") };
  return cli(args, { env: { ...files, ...env } });
}

describe("init and lint", () => {
  test("what init writes passes lint once its variables are set", async () => {
    const written = await run(["init"]);
    assert.equal(written.code, 0);
    assert.match(written.out, /set ALERTMANAGER_TOKEN and STANCH_API_TOKEN/);
    assert.deepEqual(await run(["lint"], SECRETS), {
      code: 0,
      out: "the configuration and 0 playbooks are fine",
      err: "",
    });
  });

  test("an empty variable counts as absent", async () => {
    const { out } = await run(["lint"], { STANCH_CONFIG: "", STANCH_PLAYBOOKS: "" });
    assert.match(out, /^stanch\.yaml cannot be read/);
  });

  test("init never writes over a file", async () => {
    writeFileSync(join(dir, "stanch.yaml"), "mine");
    const { code, err } = await run(["init"]);
    assert.equal(code, 1);
    assert.match(err, /it exists already/);
    assert.equal(readFileSync(join(dir, "stanch.yaml"), "utf8"), "mine");
  });

  test("every fault of the configuration and of every playbook is printed with its place", async () => {
    await run(["init"]);
    writeFileSync(join(dir, "playbooks", "a.yaml"), "name: a\nwhatever: 1\n");
    writeFileSync(join(dir, "playbooks", "b.yaml"), "name: [\n");
    const { code, out, err } = await run(["lint"], { ALERTMANAGER_TOKEN: SECRETS.ALERTMANAGER_TOKEN });
    assert.equal(code, 1);
    assert.match(out, /stanch\.yaml:\d+:\d+ api\.tokens\[0\]\.token: .*STANCH_API_TOKEN/);
    assert.match(out, /a\.yaml:2:1 whatever: /);
    assert.match(out, /b\.yaml:\d+:\d+/);
    assert.equal(err, `${out.split("\n").length} faults`);
  });

  test("no fault of a playbook is made up where stanch.yaml cannot be read, or where a step before has one", async () => {
    const lint = async (config: string, steps: readonly string[]) => {
      const playbooks = join(dir, "made-up");
      mkdirSync(playbooks, { recursive: true });
      const head = ["name: a", "on: manual", "target: http:gateway", "steps:"];
      writeFileSync(join(playbooks, "a.yaml"), [...head, ...steps, ""].join("\n"));
      writeFileSync(join(dir, "made-up.yaml"), config);
      return run(["lint", "--insecure-dev", "--config", join(dir, "made-up.yaml"), "--playbooks", playbooks]);
    };
    const wait = "  - { id: w, if: facts.load > 0.5 && vars.x == 1, wait: 1s }";
    const unread = await lint("version: 1\nversion: 1\nfacts: { load: { query: up } }\nvars: { x: 1 }\n", [wait]);
    assert.equal(unread.err, "1 fault");
    assert.match(unread.out, /^note: the playbooks in .*made-up are looked at once .*made-up.yaml can be read/m);
    const inner = `  - { id: p, parallel: [{ id: q, uses: prometheus.query, with: { query: '\${{ vars.none }}' } }] }`;
    const read = await lint("version: 1\n", [inner, "  - { id: w, if: steps.q.output.value > 1, wait: 1s }"]);
    assert.equal(read.err, "1 fault");
    assert.match(read.out, /there is no var none/);
  });

  test("a playbook may use the facts of a configuration that has faults elsewhere", async () => {
    mkdirSync(join(dir, "playbooks"));
    writeFileSync(join(dir, "stanch.yaml"), "version: 1\nfacts: { load: { query: up } }\nnonsense: 1\n");
    writeFileSync(
      join(dir, "playbooks", "a.yaml"),
      [
        "name: a",
        "description: Looks at the gateway when it is loaded.",
        `match: ['alertname = "High"']`,
        "severity: [P1]",
        "target: http:gateway",
        "autonomy: { P1: auto }",
        "steps:",
        "  - { id: look, if: facts.load > 0.5, uses: http.check, with: { path: / } }",
        "",
      ].join("\n"),
    );
    const { out } = await run(["lint"]);
    assert.match(out, /nonsense/);
    assert.doesNotMatch(out, /a\.yaml/);
  });

  test("a playbook for a system that the installation does not have is noted, a wrong name is a fault", async () => {
    await run(["init"]);
    const look = (name: string, step: string) =>
      writeFileSync(
        join(dir, "playbooks", `${name}.yaml`),
        [
          `name: ${name}`,
          "description: Looks at something.",
          `match: ['alertname = "High"']`,
          "severity: [P1]",
          "target: any:thing",
          "autonomy: { P1: auto }",
          "steps:",
          `  - { id: look, ${step} }`,
          "",
        ].join("\n"),
      );
    look("cache", "uses: redis.ping");
    const noted = await run(["lint"], SECRETS);
    assert.deepEqual([noted.code, noted.err], [0, ""]);
    assert.match(noted.out, /^note: .*cache\.yaml:8:\d+ steps\[0\]\.uses: no redis connection; add one/);
    assert.match(noted.out, /1 playbook are fine; 1 of them asks for a connection that is not there/);
    const strict = await run(["lint", "--strict"], SECRETS);
    assert.deepEqual([strict.code, strict.err, /^note/m.test(strict.out)], [1, "1 fault", false]);
    look("metric", "uses: prometheus.query, with: { connection: mian, query: up }");
    const wrong = await run(["lint"], SECRETS);
    assert.deepEqual([wrong.code, wrong.err], [1, "1 fault"]);
    assert.match(wrong.out, /no prometheus connection mian; there are: main/);
  });

  test("faults as JSON", async () => {
    await run(["init"]);
    const { code, out } = await run(["lint", "--json"]);
    assert.equal(code, 1);
    assert.deepEqual(
      JSON.parse(out).faults.map(({ line }: { line: number }) => typeof line),
      ["number", "number"],
    );
  });
});
