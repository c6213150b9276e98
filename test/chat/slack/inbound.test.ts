import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { AppError } from "../../../src/core/errors.ts";
import { type SlackDouble, type SlackMessage, startSlack } from "../../support/slack.ts";
import {
  approvalOf,
  entryOf,
  type FakeDesk,
  fakeDesk,
  leaseOf,
  NOON,
  runOf,
  viewOf,
} from "../../support/slack-desk.ts";
import { eventually, type Front, startFront } from "../../support/slack-front.ts";

type Content = { text: string; blocks: unknown[]; response_type?: string; replace_original?: boolean };

for (const receiver of ["http", "socket"] as const) {
  describe(`people's wishes over ${receiver}`, () => {
    let slack: SlackDouble;
    let front: Front;
    let desk: FakeDesk;
    let anna: string;
    let ben: string;
    let channel: string;

    before(async () => {
      slack = await startSlack();
      slack.userGroups.set("S045DEFGH", { handle: "oncall", users: [] });
      [anna, ben] = [slack.userId("anna"), slack.userId("ben")];
      channel = slack.channelId("platform-alerts");
    });
    beforeEach(async () => {
      const view = viewOf({
        runs: [runOf()],
        approvals: [approvalOf({ expiresAt: Date.now() + 900_000 })],
        leases: [leaseOf()],
      });
      const other = viewOf({ incident: { id: "inc-13", severity: "P0", title: "RouterDown" } });
      desk = fakeDesk([view, other], [anna]);
      front = await startFront(receiver, slack, { desk });
    });
    afterEach(async () => {
      slack.fault = () => undefined;
      slack.release();
      await front.stop();
      assert.deepEqual(slack.faults, [], "Slack would have refused a message");
    });
    after(() => slack.stop());

    async function answerTo(responseId: string): Promise<Content> {
      const found = await eventually(() => slack.responses.find(({ id }) => id === responseId));
      return found.body as Content;
    }

    async function say(text: string, user = anna): Promise<Content> {
      const id = randomUUID();
      await front.deliver("slash_commands", {
        command: "/stanch",
        text,
        user_id: user,
        channel_id: channel,
        team_id: "T000000001",
        response_url: slack.responseUrl(id),
        trigger_id: await slack.triggerId(user),
      });
      return answerTo(id);
    }

    type Press = { user?: string; more?: Record<string, unknown>; home?: boolean; trigger?: string };

    async function press(
      value: string,
      { user = anna, more = {}, home = false, trigger }: Press = {},
    ): Promise<() => Promise<Content>> {
      const id = randomUUID();
      const verb = value.split(" ")[0];
      await front.deliver("interactive", {
        type: "block_actions",
        user: { id: user, team_id: "T000000001" },
        team: { id: "T000000001" },
        trigger_id: trigger ?? (await slack.triggerId(user)),
        actions: [{ type: "button", action_id: `stanch:${verb}`, value, block_id: "b" }],
        ...(home ? { view: { type: "home" } } : { channel: { id: channel }, response_url: slack.responseUrl(id) }),
        ...more,
      });
      return () => answerTo(id);
    }

    const shown = ({ blocks }: Content) => JSON.stringify(blocks);

    test("status, incidents and show are for the asker alone, --here is for everyone", async () => {
      const status = await say("status");
      assert.equal(status.response_type, "ephemeral");
      assert.equal(status.text, "2 open incidents, 1 approval waiting, 1 temporary change, 0 pauses");
      const list = await say("incidents --here");
      assert.equal(list.response_type, "in_channel");
      assert.match(shown(list), /inc-13.*RouterDown.*inc-12/);
      assert.match(shown(await say("show 13")), /P0 · RouterDown/);
    });

    test("ids are completed when one fits; else the answer lists what there is", async () => {
      assert.equal((await say("ack 12")).text, "ack: done by anna");
      assert.deepEqual(desk.decided.at(-1)?.decision, { verb: "ack", incident: "inc-12" });
      assert.match((await say("ack inc-1")).text, /^inc-1 fits several: inc-12 \(P1 LiteLLMHighErrorRate\), inc-13/);
      assert.match(
        (await say("take inc-99")).text,
        /^no incident inc-99; open are: inc-12 \(P1 LiteLLMHighErrorRate\), inc-13 \(P0 RouterDown\)\.$/,
      );
      assert.match((await say("cancel")).text, /^Which run\? under way are: run-1 \(gateway-fallback\)\.$/);
      assert.equal((await say("cancel inc-12 it is wrong")).text, "cancel: done by anna");
      assert.deepEqual(desk.decided.at(-1)?.decision, { verb: "cancel", run: "run-1", reason: "it is wrong" });
    });

    test("every verb of the door is reached with what was typed", async () => {
      const cases: readonly (readonly [string, object])[] = [
        ["take inc-12", { verb: "take", incident: "inc-12" }],
        ["release inc-12", { verb: "release", incident: "inc-12" }],
        ["close inc-12", { verb: "close", incident: "inc-12" }],
        ["answer run-1 not-done", { verb: "answer", run: "run-1", answer: "not-done" }],
        ["extend 9 30m", { verb: "extend", lease: "lease-9", for: 1_800_000 }],
        ["revert lease-9", { verb: "revert", lease: "lease-9" }],
        ["pause", { verb: "pause", scope: "global" }],
        ["pause playbook:x 2h “bad day”", { verb: "pause", scope: "playbook:x", for: 7_200_000, reason: "bad day" }],
        ["resume", { verb: "resume", scope: "global" }],
        ["approve apr-7f", { verb: "approve", approval: "apr-7f3a" }],
      ];
      for (const [typed, decision] of cases) {
        await say(typed);
        assert.deepEqual(desk.decided.at(-1)?.decision, decision, typed);
      }
      const { actor } = desk.decided[0] ?? {};
      assert.deepEqual(actor, { name: "anna", person: "anna", via: "slack", role: "operator", slackUser: anna });
    });

    test("what cannot be understood is answered with what can", async () => {
      assert.match((await say("pasue")).text, /There is no \/stanch pasue; did you mean pause\?|known are/);
      assert.match((await say("extend lease-9 soon")).text, /"soon" is no duration/);
      assert.match((await say("answer run-1 maybe")).text, /answer run-1 with done, not-done or abort/);
      const help = shown(await say(""));
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
      desk.broken = new AppError("unavailable", "Redis cannot be reached; nothing was changed");
      assert.match((await say("ack inc-12")).text, /Redis cannot be reached; nothing was changed/);
      desk.broken = new Error("secret detail");
      assert.equal((await say("ack inc-12")).text, "internal error; the log has its stack");
    });

    test("run shows the plan and starts only when confirmed", async () => {
      const asked = await say('run gateway-fallback incident=12 reason="two words" n=1');
      assert.match(shown(asked), /set FALLBACK_ENABLED to true \(reversible\)/);
      assert.equal(desk.decided.length, 0);
      const [, value] = /"value":"((?:[^"\\]|\\.)*--confirmed)"/.exec(shown(asked)) ?? [];
      const answer = await (await press(JSON.parse(`"${value}"`)))();
      assert.equal(answer.replace_original, true);
      assert.deepEqual(desk.decided.at(-1)?.decision, {
        verb: "run",
        playbook: "gateway-fallback",
        incident: "inc-12",
        vars: { reason: "two words", n: "1" },
      });
      assert.match((await say("run nothing")).text, /no playbook nothing; loaded are: gateway-fallback/);
    });

    test("Approve, as posted: the allowed person decides, everyone else hears why not, and it is decided once", async () => {
      const state = { delivered: 0, approvals: {} };
      const [view] = [...desk.views.values()];
      assert.ok(view);
      await front.slack.chat.publish(view, [], state, async () => {});
      const messages: SlackMessage[] = await slack.history(channel);
      const posted = messages.filter((message) => message.metadata?.event_type === "stanch_approval").at(-1);
      const [, value] =
        /"text":"Approve"[^}]*},"action_id":"stanch:approve","value":"([^"]*)"/.exec(JSON.stringify(posted?.blocks)) ??
        [];
      const refused = await (await press(value ?? "", { user: ben }))();
      assert.match(
        refused.text,
        new RegExp(`slack:${ben} is not in platform-oncall; anna and &lt;!subteam\\^S&gt; may`),
      );
      assert.equal(desk.decided.length, 0);
      const clicks = await Promise.all([press(value ?? ""), press(value ?? ""), press(value ?? "")]);
      const texts = (await Promise.all(clicks.map((answer) => answer()))).map((answer) => answer.text).sort();
      assert.deepEqual(texts, [
        "apr-7f3a is approved by anna",
        "apr-7f3a was approved by anna",
        "apr-7f3a was approved by anna",
      ]);
      assert.equal(desk.decided.length, 1);
    });

    test("Reject asks for the reason and takes it to the door", async () => {
      const id = randomUUID();
      await press("reject apr-7f3a", { more: { response_url: slack.responseUrl(id) } });
      const opened = await eventually(() => slack.calls.filter(({ method }) => method === "views.open").at(-1));
      const view = opened.args["view"] as { private_metadata: string; callback_id: string };
      await front.deliver("interactive", {
        type: "view_submission",
        user: { id: anna, team_id: "T000000001" },
        team: { id: "T000000001" },
        view: {
          ...view,
          id: "V1",
          state: { values: { reason: { reason: { type: "plain_text_input", value: "wrong target" } } } },
        },
      });
      assert.equal((await answerTo(id)).text, "apr-7f3a is rejected by anna");
      assert.deepEqual(desk.decided.at(-1)?.decision, { verb: "reject", approval: "apr-7f3a", reason: "wrong target" });
    });

    test("a window that Slack does not open is replaced by words", async () => {
      slack.fault = ({ method }) => (method === "views.open" ? { error: "expired_trigger_id" } : undefined);
      assert.match((await (await press("reject apr-7f3a"))()).text, /type \/stanch reject apr-7f3a and the reason/);
      assert.match(shown(await (await press("plan apr-7f3a"))()), /FALLBACK_ENABLED/);
      assert.deepEqual(desk.decided, []);
    });

    test("Show plan opens a window with the rendered inputs", async () => {
      const before = slack.calls.length;
      await press("plan apr-7f3a");
      const opened = await eventually(() => slack.calls.slice(before).find(({ method }) => method === "views.open"));
      assert.match(JSON.stringify(opened.args["view"]), /name: FALLBACK_ENABLED.*value: true/);
    });

    test("somebody of another organisation in a shared channel decides nothing", async () => {
      const answer = await press("ack inc-12", { more: { user: { id: anna, team_id: "T0FOREIGN" } } });
      assert.match((await answer()).text, /Only people of this workspace/);
      assert.deepEqual(desk.decided, []);
    });

    test("the App Home shows what waits for me, and its buttons put it up to date", async () => {
      const before = slack.calls.length;
      const views = () => slack.calls.slice(before).filter(({ method }) => method === "views.publish");
      await front.deliver(
        "events_api",
        event({ type: "app_home_opened", user: anna, tab: "home", channel: "D0AB1CD2E" }),
      );
      const mine = JSON.stringify((await eventually(() => views()[0])).args["view"]);
      assert.match(mine, /Waiting for you: 1.*set FALLBACK_ENABLED of gateway to true.*Open incidents: 2.*Temporary/);
      assert.match(mine, /stanch may act/);
      await front.deliver(
        "events_api",
        event({ type: "app_home_opened", user: ben, tab: "home", channel: "D0AB1CD2E" }),
      );
      assert.match(JSON.stringify((await eventually(() => views()[1])).args["view"]), /Waiting for you: 0/);
      await press("pause global", { home: true });
      assert.match(JSON.stringify((await eventually(() => views()[2])).args["view"]), /pause: done by anna/);
    });

    test("what people write in the thread, and what they mark with a stopwatch, is noted once", async () => {
      const saved: { message?: string }[] = [];
      const [view] = [...desk.views.values()];
      assert.ok(view);
      await front.slack.chat.publish(
        view,
        [entryOf("opened")],
        { delivered: 0, approvals: {} },
        async (state) => void saved.push(state),
      );
      const thread = saved.at(-1)?.message ?? "";
      const reply = {
        type: "message",
        user: ben,
        channel,
        ts: "1795000000.000100",
        thread_ts: thread,
        text: "restarted &lt;it&gt; by hand",
      };
      await front.deliver("events_api", event(reply));
      await front.deliver("events_api", event(reply));
      const note = await eventually(() => desk.notes[0]);
      assert.deepEqual(note, {
        actor: { name: `slack:${ben}`, via: "slack", role: "operator", slackUser: ben },
        incident: "inc-12",
        note: {
          at: 1795000000000,
          text: "restarted <it> by hand",
          key: `slack:${channel}:1795000000.000100`,
          origin: "thread",
        },
      });
      await front.deliver("events_api", event({ ...reply, ts: "1795000000.000200", bot_id: "B1", text: "a bot" }));
      await front.deliver("events_api", event({ ...reply, ts: "1795000000.000300", subtype: "message_changed" }));
      const elsewhere = await slack.forward("chat.postMessage", { channel, text: "customers call" }, "ben");
      desk.views.delete("inc-13");
      await front.deliver(
        "events_api",
        event({
          type: "reaction_added",
          user: anna,
          reaction: "stopwatch",
          item: { type: "message", channel, ts: elsewhere["ts"] },
        }),
      );
      await front.deliver(
        "events_api",
        event({ type: "reaction_added", user: anna, reaction: "eyes", item: { type: "message", channel, ts: thread } }),
      );
      await eventually(() => desk.notes[1]);
      assert.equal(desk.notes.length, 2);
      assert.equal(desk.notes[1]?.note.text, "customers call");
      assert.equal(desk.notes[1]?.incident, "inc-12");
      assert.equal(desk.notes[1]?.note.origin, undefined);
    });

    test("while the Web API hangs, everything is acknowledged in under a second", async () => {
      slack.fault = () => "hang";
      const times: number[] = [];
      for (let round = 0; round < 50; round += 1) {
        const body = { command: "/stanch", text: "status", user_id: anna, channel_id: channel, n: round };
        const click = {
          type: "block_actions",
          user: { id: anna },
          trigger_id: "t",
          actions: [{ action_id: "stanch:reject", value: "reject apr-7f3a" }],
          n: round,
        };
        times.push(await front.deliver("slash_commands", body), await front.deliver("interactive", click));
      }
      times.sort((a, b) => a - b);
      const p99 = times[Math.floor(times.length * 0.99) - 1] ?? Number.POSITIVE_INFINITY;
      assert.ok(p99 < 1_000, `p99 is ${p99} ms`);
    });

    function event(inner: Record<string, unknown>): Record<string, unknown> {
      return {
        type: "event_callback",
        team_id: "T000000001",
        event_id: `Ev${randomUUID()}`,
        event_time: NOON / 1000,
        event: inner,
      };
    }
  });
}
