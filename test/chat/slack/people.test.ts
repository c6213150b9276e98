import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createApi } from "../../../src/chat/slack/api.ts";
import { actorOf, calledBy, createUserGroups, groupMentions, isInGroup } from "../../../src/chat/slack/people.ts";
import { silentLog } from "../../../src/core/log.ts";
import { type SlackDouble, startSlack } from "../../support/slack.ts";
import { approvalOf } from "../../support/slack-desk.ts";

const approvals = {
  people: { anna: { slack: "U0ANNA000" }, carl: { token: "carl-cli" } },
  groups: {
    oncall: {
      people: ["anna", "carl"],
      slackUsers: ["U0DORA000", "U0ANNA000"],
      slackUserGroups: ["S0ONCALL0"],
      apiTokens: [],
    },
  },
  default: approvalOf().policy,
};

describe("people in Slack", () => {
  let slack: SlackDouble;
  before(async () => {
    slack = await startSlack();
    slack.userGroups.set("S0ONCALL0", { handle: "sre-oncall", users: ["U0EMIL000"] });
  });
  after(() => slack.stop());

  const options = (now: () => number) => ({ botToken: "xoxb-test", apiUrl: slack.apiUrl, log: silentLog, now });

  test("are one person whatever they use, when the settings say so", () => {
    assert.deepEqual(actorOf(approvals, "U0ANNA000"), {
      name: "anna",
      person: "anna",
      via: "slack",
      role: "operator",
      slackUser: "U0ANNA000",
    });
    assert.deepEqual(actorOf(approvals, "U0DORA000"), {
      name: "slack:U0DORA000",
      via: "slack",
      role: "operator",
      slackUser: "U0DORA000",
    });
  });

  test("of a user group are read once a minute; a group that cannot be read is a refusal, and is asked again", async () => {
    let now = 0;
    const members = createUserGroups(options(() => now));
    const asked = () => slack.calls.filter(({ method }) => method === "usergroups.users.list").length;
    const before = asked();
    assert.deepEqual([...(await members("S0ONCALL0"))], ["U0EMIL000"]);
    await members("S0ONCALL0");
    assert.equal(asked(), before + 1);
    now = 61_000;
    slack.fault = () => ({ error: "missing_scope" });
    await assert.rejects(members("S0ONCALL0"), {
      code: "unavailable",
      message: /S0ONCALL0: .*missing_scope.*grant usergroups:read/,
    });
    slack.fault = () => undefined;
    await members("S0ONCALL0");
  });

  test("belong to a group by name, by id or by user group", async () => {
    const resolve = createUserGroups(options(Date.now));
    const isMember = (slackUser: string, group = "oncall") => isInGroup(approvals, resolve, { slackUser, group });
    for (const user of ["U0ANNA000", "U0DORA000", "U0EMIL000"]) assert.equal(await isMember(user), true, user);
    assert.equal(await isMember("U0NOBODY0"), false);
    assert.equal(await isMember("U0ANNA000", "no-such-group"), false);
  });

  test("are called once each, by group, person, id or handle", async () => {
    const text = (mentions: readonly { mrkdwn: string }[]) => mentions.map(({ mrkdwn }) => mrkdwn).join(" ");
    assert.equal(text(groupMentions(approvals, "oncall")), "<!subteam^S0ONCALL0> <@U0DORA000> <@U0ANNA000>");
    const api = createApi(options(Date.now));
    const called = (...notify: string[]) => calledBy({ api, approvals }, notify).then(text);
    assert.equal(await called("slack:@anna", "pagerduty:x"), "<@U0ANNA000>");
    assert.equal(await called("slack:@sre-oncall"), "<!subteam^S0ONCALL0>");
    assert.equal(await called("slack:U0FRED000"), "<@U0FRED000>");
    assert.equal(await called("slack:@no<!here>one"), "@nohereone");
  });
});
