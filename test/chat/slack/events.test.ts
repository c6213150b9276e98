import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { entryOf } from "../../support/slack-desk.ts";
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
