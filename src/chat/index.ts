export { createConsoleChat } from "./console/console-chat.ts";
export { type DoctorOptions, examineSlack, type Finding } from "./slack/doctor.ts";
export { createUserGroups } from "./slack/people.ts";
export { createSlack, SLACK_PATH, type Slack, type SlackOptions } from "./slack/slack.ts";
