import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AppError } from "../../../src/core/errors.ts";
import { runOf } from "../../support/slack-desk.ts";
import { RECEIVERS, shown, useFront } from "../../support/slack-front.ts";

const STOPPED = runOf({ id: "run-7", state: { kind: "unknown_outcome", question: "did this take effect?" } });

for (const receiver of RECEIVERS) {
  describe(`commands over ${receiver}`, () => {
    const stage = useFront(receiver);

    test("status, incidents and show are for the asker alone, --here is for everyone", async () => {
      const status = await stage.say("status");
      assert.equal(status.response_type, "ephemeral");
      assert.equal(status.text, "2 open incidents, 1 approval waiting, 1 temporary change, 0 pauses");
      const list = await stage.say("incidents --here");
      assert.equal(list.response_type, "in_channel");
      assert.match(shown(list), /inc-13.*RouterDown.*inc-12/);
      assert.match(shown(await stage.say("show 13")), /P0 · RouterDown/);
    });

    test("ids are completed when one fits; else the answer lists what there is", async () => {
      assert.equal((await stage.say("ack 12")).text, "ack: done by anna");
      assert.deepEqual(stage.desk.decided.at(-1)?.decision, { verb: "ack", incident: "inc-12" });
      assert.match(
        (await stage.say("ack inc-1")).text,
        /^no incident inc-1; open are: inc-12 \(P1 LiteLLMHighErrorRate\), inc-13/,
      );
      assert.match(
        (await stage.say("take inc-99")).text,
        /^no incident inc-99; open are: inc-12 \(P1 LiteLLMHighErrorRate\), inc-13 \(P0 RouterDown\)\.$/,
      );
      assert.match((await stage.say("cancel")).text, /^Which run\? under way are: run-1 \(gateway-fallback\)\.$/);
      assert.equal((await stage.say("cancel inc-12 it is wrong")).text, "cancel: done by anna");
      assert.deepEqual(stage.desk.decided.at(-1)?.decision, { verb: "cancel", run: "run-1", reason: "it is wrong" });
    });

    test("a pause whose scope is none does not pause everything", async () => {
      const before = stage.desk.decided.length;
      assert.equal((await stage.say("pause inc-12 2h")).text, "inc-12 is no scope; write incident:inc-12");
      assert.match(
        (await stage.say("pause payments 30m deploy")).text,
        /^payments is no scope; they are global, playbook:NAME/,
      );
      for (const typed of ["playbook:", "playbook: fallback", "Target:x", "incident: inc-12", "incident inc-12 late"])
        assert.match((await stage.say(`pause ${typed}`)).text, /is no scope; they are global/, typed);
      assert.equal(stage.desk.decided.length, before);
      await stage.say("pause 2h payments is being deployed");
      const decision = { verb: "pause", scope: "global", for: 7_200_000, reason: "payments is being deployed" };
      assert.deepEqual(stage.desk.decided.at(-1)?.decision, decision);
    });

    test("every verb of the door is reached with what was typed", async () => {
      const cases: readonly (readonly [string, object])[] = [
        ["take inc-12", { verb: "take", incident: "inc-12" }],
        ["release inc-12", { verb: "release", incident: "inc-12" }],
        ["close inc-12", { verb: "close", incident: "inc-12" }],
        ["close inc-12 false alarm", { verb: "close", incident: "inc-12", reason: "false alarm" }],
        ["answer run-1 not-done", { verb: "answer", run: "run-1", answer: "not-done" }],
        ["extend 9 30m", { verb: "extend", lease: "lease-9", for: 1_800_000 }],
        ["revert lease-9", { verb: "revert", lease: "lease-9" }],
        ["done 5 it was DNS", { verb: "complete", task: "task-5", answer: "it was DNS" }],
        ["pause", { verb: "pause", scope: "global" }],
        ["pause playbook:x 2h “bad day”", { verb: "pause", scope: "playbook:x", for: 7_200_000, reason: "bad day" }],
        ["resume", { verb: "resume", scope: "global" }],
        ["approve apr-7f", { verb: "approve", approval: "apr-7f3a" }],
        ["approve apr-7f3a keep it holds", { verb: "approve", approval: "apr-7f3a", keep: true, reason: "it holds" }],
        ["approve apr-7f3a we keep it", { verb: "approve", approval: "apr-7f3a", reason: "we keep it" }],
      ];
      const [view] = [...stage.desk.views.values()];
      for (const [typed, decision] of cases) {
        for (const approval of view?.approvals ?? []) Object.assign(approval, { status: "pending" });
        await stage.say(typed);
        assert.deepEqual(stage.desk.decided.at(-1)?.decision, decision, typed);
      }
      const { actor } = stage.desk.decided[0] ?? {};
      assert.deepEqual(actor, { name: "anna", person: "anna", via: "slack", role: "operator", slackUser: stage.anna });
    });

    test("status shows what waits for an answer", async () => {
      const kept = [...stage.desk.views.values()].map((view) => ({ view, runs: view.runs }));
      for (const { view } of kept) Object.assign(view, { runs: [STOPPED] });
      assert.match(shown(await stage.say("status")), /Nobody knows what became of.*run-7.*did this take effect\?/);
      for (const { view, runs } of kept) Object.assign(view, { runs });
    });

    test("what cannot be understood is answered with what can", async () => {
      assert.match((await stage.say("pasue")).text, /There is no \/stanch pasue; did you mean pause\?/);
      assert.match((await stage.say("xyzzy")).text, /There is no \/stanch xyzzy; known are: status, /);
      assert.match(shown(await stage.say("plan 12")), /FALLBACK_ENABLED/);
      assert.match(shown(await stage.say("status")), /People are asked to.*check the DNS of the provider/);
      assert.match((await stage.say("extend lease-9 soon")).text, /"soon" is no duration/);
      assert.match((await stage.say("answer run-1 maybe")).text, /answer run-1 with done, not-done or abort/);
      const help = shown(await stage.say(""));
      for (const verb of [
        "status",
        "incidents",
        "show",
        "run",
        "plan",
        "approve",
        "reject",
        "answer",
        "cancel",
        "ack",
        "take",
        "release",
        "close",
        "extend",
        "revert",
        "pause",
        "resume",
        "report",
      ]) {
        assert.match(help, new RegExp(`/stanch ${verb}`));
      }
    });

    test("a failing store is said, a bug is not described", async () => {
      stage.desk.broken = new AppError("unavailable", "Redis cannot be reached; nothing was changed");
      assert.match((await stage.say("ack inc-12")).text, /Redis cannot be reached; nothing was changed/);
      stage.desk.broken = new Error("secret detail");
      assert.equal((await stage.say("ack inc-12")).text, "internal error; the log has its stack");
    });

    test("a refusal is for the asker alone, whatever was asked", async () => {
      const refused = await stage.say("approve 7f3a --here", stage.ben);
      assert.match(refused.text, /is not in platform-oncall/);
      assert.equal(refused.response_type, "ephemeral");
    });

    test("run shows the plan and starts only when confirmed", async () => {
      const asked = await stage.say('run gateway-fallback incident=12 reason="two words" n=1');
      assert.match(shown(asked), /set FALLBACK_ENABLED to true \(reversible\)/);
      assert.equal(stage.desk.decided.length, 0);
      const [, value] = /"value":"((?:[^"\\]|\\.)*--confirmed)"/.exec(shown(asked)) ?? [];
      const answer = await (await stage.press(JSON.parse(`"${value}"`)))();
      assert.equal(answer.replace_original, true);
      assert.deepEqual(stage.desk.decided.at(-1)?.decision, {
        verb: "run",
        playbook: "gateway-fallback",
        incident: "inc-12",
        vars: { reason: "two words", n: "1" },
      });
      assert.match((await stage.say("run nothing")).text, /no playbook nothing; loaded are: gateway-fallback/);
    });
  });
}
