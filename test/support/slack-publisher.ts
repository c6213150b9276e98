import type { Slack } from "../../src/chat/index.ts";
import { createSlack } from "../../src/chat/slack/index.ts";
import type { ChatState } from "../../src/core/chat.ts";
import type { Config } from "../../src/core/config.ts";
import { type Log, silentLog } from "../../src/core/log.ts";
import type { TimelineEntry } from "../../src/core/timeline.ts";
import type { IncidentView } from "../../src/core/views.ts";
import type { SlackDouble } from "./slack.ts";
import { approvalOf, fakeDesk, NOON } from "./slack-desk.ts";

/** A process that has ended; thrown where a save would have been made. */
export class Crash extends Error {}

export type Publisher = ReturnType<typeof createPublisher>;

/** The approval settings of the tests: anna by name, and a user group. */
export function approvalSettings(slack: SlackDouble): Config["approvals"] {
  return {
    people: { anna: { slack: slack.userId("anna") } },
    groups: { "platform-oncall": { people: ["anna"], slackUsers: [], slackUserGroups: ["S045DEFGH"], apiTokens: [] } },
    default: approvalOf().policy,
  };
}

/**
 * What the notify worker does, on a clock of the test: reads the timeline from what was delivered, publishes, and comes again
 * when told to. State is saved by compare-and-set, as in the store; `restart` is another process that finds what was saved.
 */
export function createPublisher(slack: SlackDouble, routing: Partial<Config["slack"]> = {}, log: Log = silentLog) {
  const clock = { now: NOON };
  const stored = { rev: 0, state: { delivered: 0, approvals: {} } as ChatState };
  const settings = { channel: "#platform-alerts", routes: [], ...routing };
  const start = (): Slack =>
    createSlack({
      botToken: "xoxb-test",
      apiUrl: slack.apiUrl,
      desk: fakeDesk(),
      slack: settings,
      approvals: approvalSettings(slack),
      resolveUserGroup: async () => new Set(),
      log,
      now: () => clock.now,
    });
  let process = start();
  const hooks = { beforeSave: (_count: number): void => {}, saves: 0 };

  async function publishOnce(view: IncidentView, timeline: readonly TimelineEntry[]) {
    let rev = stored.rev;
    const save = async (state: ChatState) => {
      hooks.saves += 1;
      hooks.beforeSave(hooks.saves);
      if (stored.rev !== rev) throw new Error("conflict");
      rev = ++stored.rev;
      stored.state = structuredClone(state);
    };
    const entries = timeline.slice(stored.state.delivered);
    return process.chat.publish(view, entries, structuredClone(stored.state), save);
  }

  return {
    clock,
    stored,
    hooks,
    publishOnce,
    restart: () => {
      process = start();
    },
    other: start,
    /** Publishes until it is done, moving the clock by what it is asked to wait; a crash starts another process. */
    async settle(view: IncidentView, timeline: readonly TimelineEntry[], rounds = 200): Promise<number> {
      for (let round = 1; round <= rounds; round += 1) {
        try {
          const result = await publishOnce(view, timeline);
          if (result.ok) return round;
          clock.now += result.retryAfter;
        } catch (error) {
          if (!(error instanceof Crash)) throw error;
          process = start();
        }
      }
      throw new Error("it never settles");
    },
  };
}
