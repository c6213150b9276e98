import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { VERBS } from "../../src/cli/decide.ts";
import type { Decision } from "../../src/core/decision.ts";
import { startHttp, TOKENS } from "../http/support.ts";
import { cli } from "./support.ts";

const CASES: readonly (readonly [line: string, decision: Decision])[] = [
  ["approve apr-1", { verb: "approve", approval: "apr-1" }],
  ["approve apr-1 --reason looks-right", { verb: "approve", approval: "apr-1", reason: "looks-right" }],
  ["approve apr-1 --keep --reason holds", { verb: "approve", approval: "apr-1", keep: true, reason: "holds" }],
  ["reject apr-1 --reason no", { verb: "reject", approval: "apr-1", reason: "no" }],
  ["answer run-1 not-done", { verb: "answer", run: "run-1", answer: "not-done" }],
  ["cancel run-1", { verb: "cancel", run: "run-1" }],
  ["ack inc-1", { verb: "ack", incident: "inc-1" }],
  ["take inc-1", { verb: "take", incident: "inc-1" }],
  ["release inc-1", { verb: "release", incident: "inc-1" }],
  ["close inc-1 --reason over", { verb: "close", incident: "inc-1", reason: "over" }],
  ["extend lea-1 30m", { verb: "extend", lease: "lea-1", for: 1_800_000 }],
  ["revert lea-1", { verb: "revert", lease: "lea-1" }],
  ["complete task-1 called", { verb: "complete", task: "task-1", answer: "called" }],
  ["reset fallback-enable", { verb: "reset", playbook: "fallback-enable" }],
  ["pause", { verb: "pause", scope: "global" }],
  ["pause 2h", { verb: "pause", scope: "global", for: 7_200_000 }],
  [
    "pause playbook:shed 30m --reason deploy",
    { verb: "pause", scope: "playbook:shed", for: 1_800_000, reason: "deploy" },
  ],
  ["resume", { verb: "resume", scope: "global" }],
  ["resume target:ecs:prod/litellm", { verb: "resume", scope: "target:ecs:prod/litellm" }],
  ["run shed rate=0.3 why=a=b", { verb: "run", playbook: "shed", vars: { rate: "0.3", why: "a=b" } }],
  ["run shed --incident inc-1", { verb: "run", playbook: "shed", vars: {}, incident: "inc-1" }],
];

describe("decide verbs", () => {
  test("each becomes its decision, by the token's person, from the command line", async (t) => {
    const { url, asked } = await startHttp(t);
    const env = { STANCH_URL: url, STANCH_API_TOKEN: TOKENS.admin };
    for (const [line, decision] of CASES) {
      const { code, out, err } = await cli(line.split(" "), { env });
      assert.deepEqual([code, err], [0, ""], line);
      assert.ok(out.length > 0);
      const last = asked.pop();
      assert.deepEqual(last?.decision, decision, line);
      assert.deepEqual([last?.actor.name, last?.actor.via], ["root", "cli"]);
    }
    const covered = new Set(CASES.map(([line]) => line.split(" ")[0]));
    assert.deepEqual(new Set(VERBS.map(({ usage }) => usage.split(" ")[0])), covered);
  });

  test("--json prints the answer as it is", async (t) => {
    const { url } = await startHttp(t);
    const env = { STANCH_URL: url, STANCH_API_TOKEN: TOKENS.operator };
    const { out } = await cli(["run", "shed", "--json"], { env });
    assert.deepEqual(JSON.parse(out), { id: "run-2", sentence: "run-2 started" });
  });

  test("a refusal is shown with its sentence and exit code 1", async (t) => {
    const { url } = await startHttp(t);
    const env = { STANCH_URL: url, STANCH_API_TOKEN: TOKENS.operator };
    const cases = [
      ["ack inc-missing", "there is no such thing"],
      ["approve apr-decided", "anna decided it already"],
      ["approve apr-foreign", "only oncall may decide it"],
      ["reset shed", "this needs the role admin; oncall-cli has the role operator"],
    ] as const;
    for (const [line, sentence] of cases) {
      assert.deepEqual(await cli(line.split(" "), { env }), { code: 1, out: "", err: `error: ${sentence}` });
    }
  });

  test("what cannot be meant is a usage error, exit code 2", async (t) => {
    const { url, asked } = await startHttp(t);
    const env = { STANCH_URL: url, STANCH_API_TOKEN: TOKENS.operator };
    const lines = [
      "approve",
      "approve a b",
      "approve apr-1 --because x",
      "reject apr-1 --keep",
      "answer run-1 perhaps",
      "extend lea-1 soon",
      "pause everything",
      "pause 2h 3h",
      "run shed rate",
      "aprove apr-1",
      "ack inc-1 --url ftp://x",
    ];
    for (const line of lines) assert.equal((await cli(line.split(" "), { env })).code, 2, line);
    assert.deepEqual(asked, []);
  });

  test("an id cannot leave its place in the path", async (t) => {
    const { url, asked } = await startHttp(t);
    const env = { STANCH_URL: url, STANCH_API_TOKEN: TOKENS.admin };
    await cli(["cancel", "../pause"], { env });
    assert.deepEqual(asked.pop()?.decision, { verb: "cancel", run: "../pause" });
  });
});
