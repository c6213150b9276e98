export { createConsoleChat } from "./console/console-chat.ts";
export type { Finding } from "./slack/doctor.ts";
export type { Slack } from "./slack/slack.ts";

/** All of Slack with its libraries, for where it is configured: they are a hundred modules, which nobody else should hold. */
export function loadSlack(): Promise<typeof import("./slack/index.ts")> {
  return import("./slack/index.ts");
}
