import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ChatState } from "../../../src/core/chat.ts";
import { approvalOf, entryOf } from "../../support/slack-desk.ts";
import { eventually, RECEIVERS, useFront } from "../../support/slack-front.ts";

for (const receiver of RECEIVERS) {
  describe(`what else Slack tells over ${receiver}`, () => {
    const stage = useFront(receiver);

    test("what people write in the thread, and what they mark with a stopwatch, is noted once", async () => {
      const saved: { message?: string }[] = [];
      const [view] = [...stage.desk.views.values()];
      assert.ok(view);
      await stage.front.slack.chat.publish(
        view,
        [entryOf("opened")],
        { delivered: 0, approvals: {} },
        async (state) => void saved.push(state),
      );
      const thread = saved.at(-1)?.message ?? "";
      const reply = {
        type: "message",
        user: stage.ben,
        channel: stage.channel,
        ts: "1795000000.000100",
        thread_ts: thread,
        text: "restarted &lt;it&gt; by hand",
      };
      await stage.front.deliver("events_api", stage.event(reply));
      await stage.front.deliver("events_api", stage.event(reply));
      const note = await eventually(() => stage.desk.notes[0]);
      assert.deepEqual(note, {
        actor: { name: `slack:${stage.ben}`, via: "slack", role: "operator", slackUser: stage.ben },
        incident: "inc-12",
        note: {
          at: 1795000000000,
          text: "restarted <it> by hand",
          key: `slack:${stage.channel}:1795000000.000100`,
          origin: "thread",
        },
      });
      await stage.front.deliver(
        "events_api",
        stage.event({ ...reply, ts: "1795000000.000200", bot_id: "B1", text: "a bot" }),
      );
      await stage.front.deliver(
        "events_api",
        stage.event({ ...reply, ts: "1795000000.000300", subtype: "message_changed" }),
      );
      const elsewhere = await stage.slack.forward(
        "chat.postMessage",
        { channel: stage.channel, text: "customers call" },
        "ben",
      );
      stage.desk.views.delete("inc-13");
      await stage.front.deliver(
        "events_api",
        stage.event({
          type: "reaction_added",
          user: stage.anna,
          reaction: "stopwatch",
          item: { type: "message", channel: stage.channel, ts: elsewhere["ts"] },
        }),
      );
      await stage.front.deliver(
        "events_api",
        stage.event({
          type: "reaction_added",
          user: stage.anna,
          reaction: "eyes",
          item: { type: "message", channel: stage.channel, ts: thread },
        }),
      );
      await eventually(() => stage.desk.notes[1]);
      assert.equal(stage.desk.notes.length, 2);
      assert.equal(stage.desk.notes[1]?.note.text, "customers call");
      assert.equal(stage.desk.notes[1]?.incident, "inc-12");
      assert.equal(stage.desk.notes[1]?.note.origin, undefined);
    });

    test("what people write under an approval is repeated in the incident's thread, and a rate limit loses nothing", async () => {
      const [view] = [...stage.desk.views.values()];
      assert.ok(view);
      const saved: ChatState[] = [];
      const publish = { ...view, approvals: [approvalOf({ expiresAt: Date.now() + 900_000 })] };
      await stage.front.slack.chat.publish(publish, [], { delivered: 0, approvals: {} }, async (state) => {
        saved.push(state);
      });
      const asked = saved.at(-1)?.approvals["apr-7f3a"]?.message ?? "";
      let refusals = 2;
      stage.slack.fault = ({ method }) =>
        method.startsWith("conversations.") && refusals-- > 0 ? { limited: 1 } : undefined;
      const written = { type: "message", user: stage.ben, channel: stage.channel, ts: "1795000000.000500" };
      await stage.front.deliver("events_api", stage.event({ ...written, thread_ts: asked, text: "wait, I look" }));
      const noted = await eventually(() => stage.desk.notes[0], 5_000);
      assert.deepEqual([noted.incident, noted.note.text, noted.note.origin], ["inc-12", "wait, I look", undefined]);
    });

    test("a busy channel is asked about once a minute, not at each message", async () => {
      const chatter = (n: number) =>
        stage.event({
          type: "message",
          user: stage.ben,
          channel: stage.channel,
          ts: `1795000000.0006${n}`,
          text: "lunch?",
        });
      const before = stage.slack.calls.length;
      await stage.front.deliver("events_api", chatter(10));
      await eventually(() => stage.slack.calls.length > before || undefined);
      await new Promise((resolve) => setTimeout(resolve, 100));
      for (let n = 11; n < 20; n += 1) await stage.front.deliver("events_api", chatter(n));
      await new Promise((resolve) => setTimeout(resolve, 100));
      const asked = stage.slack.calls.slice(before).filter(({ method }) => method === "conversations.info");
      assert.equal(asked.length, 1);
      assert.deepEqual(stage.desk.notes, []);
    });

    test("while the Web API hangs, everything is acknowledged in under a second", async () => {
      stage.slack.fault = () => "hang";
      const times: number[] = [];
      for (let round = 0; round < 50; round += 1) {
        const body = { command: "/stanch", text: "status", user_id: stage.anna, channel_id: stage.channel, n: round };
        const click = {
          type: "block_actions",
          user: { id: stage.anna },
          trigger_id: "t",
          actions: [{ action_id: "stanch:reject", value: "reject apr-7f3a" }],
          n: round,
        };
        times.push(await stage.front.deliver("slash_commands", body), await stage.front.deliver("interactive", click));
      }
      times.sort((a, b) => a - b);
      const p99 = times[Math.floor(times.length * 0.99) - 1] ?? Number.POSITIVE_INFINITY;
      assert.ok(p99 < 1_000, `p99 is ${p99} ms`);
    });
  });
}
