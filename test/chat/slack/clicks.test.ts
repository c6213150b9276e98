import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { incidentMessage } from "../../../src/chat/slack/incident-message.ts";
import type { SlackMessage } from "../../support/slack.ts";
import { leaseOf, viewOf } from "../../support/slack-desk.ts";
import { eventually, RECEIVERS, shown, useFront } from "../../support/slack-front.ts";

for (const receiver of RECEIVERS) {
  describe(`clicks over ${receiver}`, () => {
    const stage = useFront(receiver);

    test("Approve, as posted: the allowed person decides, everyone else hears why not, and it is decided once", async () => {
      const state = { delivered: 0, approvals: {} };
      const [view] = [...stage.desk.views.values()];
      assert.ok(view);
      await stage.front.slack.chat.publish(view, [], state, async () => {});
      const messages: SlackMessage[] = await stage.slack.history(stage.channel);
      const posted = messages.filter((message) => message.metadata?.event_type === "stanch_approval").at(-1);
      const [, value] =
        /"text":"Approve"[^}]*},"action_id":"stanch:approve","value":"([^"]*)"/.exec(JSON.stringify(posted?.blocks)) ??
        [];
      const refused = await (await stage.press(value ?? "", { user: stage.ben }))();
      assert.match(
        refused.text,
        new RegExp(`<@${stage.ben}> is not in platform-oncall; anna and &lt;!subteam\\^S&gt; may`),
      );
      assert.equal(stage.desk.decided.length, 0);
      const clicks = await Promise.all([stage.press(value ?? ""), stage.press(value ?? ""), stage.press(value ?? "")]);
      const texts = (await Promise.all(clicks.map((answer) => answer()))).map((answer) => answer.text).sort();
      assert.deepEqual(texts, [
        "apr-7f3a is approved by anna",
        "apr-7f3a was approved by anna",
        "apr-7f3a was approved by anna",
      ]);
      assert.equal(stage.desk.decided.length, 1);
    });

    test("Approve and keep it takes both to the door", async () => {
      const answer = await (await stage.press("approve apr-7f3a keep"))();
      assert.equal(answer.text, "apr-7f3a is approved by anna");
      assert.deepEqual(stage.desk.decided.at(-1)?.decision, { verb: "approve", approval: "apr-7f3a", keep: true });
    });

    test("Extend, as shown, tells the door how often it had been extended; what is typed does not", async () => {
      const once = leaseOf({ extendedBy: ["ben (slack)"] });
      const message = incidentMessage(viewOf({ leases: [once] }));
      const [, value] =
        /"text":"Extend 30m"[^}]*},"action_id":"[^"]*","value":"([^"]*)"/.exec(JSON.stringify(message)) ?? [];
      await (await stage.press(value ?? ""))();
      const clicked = { verb: "extend", lease: "lease-9", for: 1_800_000 };
      assert.deepEqual(stage.desk.decided.at(-1)?.decision, { ...clicked, extensions: 1 });
      await stage.say("extend lease-9 30m");
      assert.deepEqual(stage.desk.decided.at(-1)?.decision, clicked);
    });

    test("Reject asks for the reason and takes it to the door", async () => {
      const id = randomUUID();
      await stage.press("reject apr-7f3a", { more: { response_url: stage.slack.responseUrl(id) } });
      const opened = await eventually(() => stage.slack.calls.filter(({ method }) => method === "views.open").at(-1));
      const view = opened.args["view"] as { private_metadata: string; callback_id: string };
      await stage.front.deliver("interactive", {
        type: "view_submission",
        user: { id: stage.anna, team_id: "T000000001" },
        team: { id: "T000000001" },
        view: {
          ...view,
          id: "V1",
          state: { values: { reason: { reason: { type: "plain_text_input", value: "wrong target" } } } },
        },
      });
      assert.equal((await stage.answerTo(id)).text, "apr-7f3a is rejected by anna");
      assert.deepEqual(stage.desk.decided.at(-1)?.decision, {
        verb: "reject",
        approval: "apr-7f3a",
        reason: "wrong target",
      });
    });

    test("Reject on what is over says how it ended, without asking for a reason first", async () => {
      await (await stage.press("approve apr-7f3a"))();
      const before = stage.slack.calls.length;
      assert.equal((await (await stage.press("reject apr-7f3a"))()).text, "apr-7f3a was approved by anna");
      assert.ok(!stage.slack.calls.slice(before).some(({ method }) => method === "views.open"));
    });

    test("a window that Slack does not open is replaced by words", async () => {
      stage.slack.fault = ({ method }) => (method === "views.open" ? { error: "expired_trigger_id" } : undefined);
      assert.match(
        (await (await stage.press("reject apr-7f3a"))()).text,
        /type \/stanch reject apr-7f3a and the reason/,
      );
      assert.match(shown(await (await stage.press("plan apr-7f3a"))()), /FALLBACK_ENABLED/);
      assert.deepEqual(stage.desk.decided, []);
    });

    test("Show plan opens a window with the rendered inputs", async () => {
      const before = stage.slack.calls.length;
      await stage.press("plan apr-7f3a");
      const opened = await eventually(() =>
        stage.slack.calls.slice(before).find(({ method }) => method === "views.open"),
      );
      assert.match(JSON.stringify(opened.args["view"]), /name: FALLBACK_ENABLED.*value: true/);
    });

    test("a double click on what starts a run is the same to the door, and each is answered; that on another message is another", async () => {
      const more = (ts: string) => ({ more: { container: { type: "message", message_ts: ts, is_ephemeral: true } } });
      const command = "run gateway-fallback --confirmed";
      const before = stage.desk.decided.length;
      const clicks = [await stage.press(command, more("1.1")), await stage.press(command, more("1.1"))];
      await Promise.all(clicks.map((answer) => answer()));
      await (await stage.press(command, more("1.2")))();
      const decisions = stage.desk.decided.slice(before).map(({ decision }) => decision);
      const [first, second, other] = decisions.map((decision) => decision.verb === "run" && decision.once);
      assert.equal(first, second);
      assert.ok(first !== undefined && other !== undefined && first !== other);
    });

    test("who is mapped to no person is shown by name, not by an id that nobody knows", async () => {
      const answer = await (await stage.press("ack inc-12", { user: stage.ben }))();
      assert.equal(answer.text, `ack: done by <@${stage.ben}>`);
    });

    test("somebody of another organisation in a shared channel decides nothing", async () => {
      const answer = await stage.press("ack inc-12", { more: { user: { id: stage.anna, team_id: "T0FOREIGN" } } });
      assert.match((await answer()).text, /Only people of this workspace/);
      assert.deepEqual(stage.desk.decided, []);
    });

    test("the App Home shows what waits for me, and its buttons put it up to date", async () => {
      const before = stage.slack.calls.length;
      const views = () => stage.slack.calls.slice(before).filter(({ method }) => method === "views.publish");
      await stage.front.deliver(
        "events_api",
        stage.event({ type: "app_home_opened", user: stage.anna, tab: "home", channel: "D0AB1CD2E" }),
      );
      const mine = JSON.stringify((await eventually(() => views()[0])).args["view"]);
      assert.match(
        mine,
        /Waiting for you: 1.*set FALLBACK_ENABLED of gateway to true.*People are asked to.*check the DNS.*Open incidents: 2.*Temporary/,
      );
      assert.match(mine, /stanch may act/);
      await stage.front.deliver(
        "events_api",
        stage.event({ type: "app_home_opened", user: stage.ben, tab: "home", channel: "D0AB1CD2E" }),
      );
      assert.match(JSON.stringify((await eventually(() => views()[1])).args["view"]), /Waiting for you: 0/);
      await stage.press("pause global", { home: true });
      assert.match(JSON.stringify((await eventually(() => views()[2])).args["view"]), /pause: done by anna/);
    });
  });
}
