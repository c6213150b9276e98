export { examineSlack } from "./doctor.ts";
export { createUserGroups } from "./people.ts";
export { createSlack, SLACK_PATH } from "./slack.ts";
