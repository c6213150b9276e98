import { createConsoleChat, createSlack, createUserGroups, type Slack } from "../chat/index.ts";
import type { Chat } from "../core/chat.ts";
import type { Config } from "../core/config.ts";
import type { Desk } from "../core/desk.ts";
import type { Log } from "../core/log.ts";

/** Members of a Slack user group; without Slack every group is unreadable, so nobody of it may approve. */
export function slackGroups(config: Config, log: Log): (id: string) => Promise<ReadonlySet<string>> {
  const { slack } = config.environment;
  if (!slack) return () => Promise.reject(new Error("Slack is not configured"));
  return createUserGroups({ ...slack, log, now: Date.now });
}

/** Slack when its token is set, else the console: the same life of an incident, as lines. */
export function openChat(
  config: Config,
  desk: Desk,
  about: { log: Log; groups(id: string): Promise<ReadonlySet<string>>; write(line: string): void; colour: boolean },
): { chat: Chat; slack?: Slack } {
  const { slack } = config.environment;
  if (!slack) return { chat: createConsoleChat({ write: about.write, colour: about.colour }) };
  const opened = createSlack({
    ...slack,
    desk,
    slack: config.slack,
    approvals: config.approvals,
    escalation: config.escalation,
    resolveUserGroup: about.groups,
    log: about.log,
    now: Date.now,
  });
  return { chat: opened.chat, slack: opened };
}
