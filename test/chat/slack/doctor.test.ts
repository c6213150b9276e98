import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { parse } from "yaml";
import { examineSlack, SCOPES, UNSCOPED } from "../../../src/chat/slack/doctor.ts";
import { VERBS } from "../../../src/chat/slack/verbs.ts";
import { silentLog } from "../../../src/core/log.ts";
import { type SlackDouble, startSlack } from "../../support/slack.ts";
import { approvalSettings } from "../../support/slack-publisher.ts";

const root = new URL("../../../", import.meta.url);

describe("the manifest", () => {
  test("asks for exactly the scopes that are used, and each has a reason", async () => {
    const manifest = parse(await readFile(new URL("slack-manifest.yaml", root), "utf8"));
    assert.deepEqual([...manifest.oauth_config.scopes.bot].sort(), Object.keys(SCOPES).sort());
    assert.equal(manifest.features.slash_commands[0].command, "/stanch");
    assert.deepEqual(manifest.settings.event_subscriptions.bot_events, [
      "app_home_opened",
      "message.channels",
      "message.groups",
      "reaction_added",
    ]);
  });

  test("covers every method that is called, and no other", async () => {
    const folder = new URL("src/chat/slack/", root);
    const files = (await readdir(folder)).filter((name) => name !== "doctor.ts");
    const texts = await Promise.all(files.map((name) => readFile(new URL(name, folder), "utf8")));
    const called = new Set(
      texts.join("\n").match(/(?<=")(?:auth|chat|conversations|usergroups|views)\.[a-zA-Z.]+(?=")/g),
    );
    const known = Object.values(SCOPES)
      .flat()
      .filter((reason) => !reason.includes(" "));
    const expected = new Set([...known, ...UNSCOPED.filter((method) => !method.startsWith("apps."))]);
    assert.deepEqual([...called].sort(), [...expected].sort());
  });
});

describe("examining Slack", () => {
  let slack: SlackDouble;
  before(async () => {
    slack = await startSlack();
  });
  after(() => slack.stop());

  const examine = (change = {}) =>
    examineSlack({
      botToken: "xoxb-test",
      signingSecret: "s",
      apiUrl: slack.apiUrl,
      slack: { channel: "#platform-alerts", routes: [{ match: [], channel: "#nowhere", private: false }] },
      approvals: approvalSettings(slack),
      log: silentLog,
      ...change,
    });

  test("says what is right and what is missing, with what to do", async () => {
    assert.deepEqual(await examine(), [
      { what: "bot token: admin in Emulate", ok: true },
      { what: "channel #platform-alerts", ok: true },
      {
        what: "channel #nowhere",
        ok: false,
        remedy:
          "Slack channel #nowhere: there is no such channel that the app can see; create it, or invite the app with /invite",
      },
      { what: "user group S045DEFGH", ok: false, remedy: "Slack usergroups.users.list: no_such_subteam" },
      { what: "the way clicks and commands come back: HTTP, /slack/events", ok: true },
    ]);
  });

  test("names the scopes that were not granted, and how to get them", async () => {
    const scopesOf = async () => (await examine()).find(({ what }) => what === "scopes");
    slack.scopes = Object.keys(SCOPES).filter((scope) => !/^(commands|usergroups:read)$/.test(scope));
    assert.deepEqual(await scopesOf(), {
      what: "scopes",
      ok: false,
      remedy: "grant commands, usergroups:read (slack-manifest.yaml has them all) and install the app again",
    });
    slack.scopes = Object.keys(SCOPES);
    assert.deepEqual(await scopesOf(), { what: "scopes", ok: true });
    slack.scopes = undefined;
  });

  test("a token that Slack refuses ends it at once", async () => {
    slack.fault = ({ method }) => (method === "auth.test" ? { error: "invalid_auth" } : undefined);
    assert.deepEqual(await examine(), [
      { what: "bot token", ok: false, remedy: "Slack auth.test: invalid_auth; check SLACK_BOT_TOKEN" },
    ]);
    slack.fault = () => undefined;
  });

  test("a channel that the app is not in is said, with the command that lets it in", async () => {
    const { channel } = await slack.forward("conversations.create", { name: "elsewhere" }, "ben");
    assert.ok(channel);
    const found = await examine({ slack: { channel: "#elsewhere", routes: [] } });
    assert.deepEqual(found[1], {
      what: "channel #elsewhere",
      ok: false,
      remedy: "the app is not in it; type /invite @stanch in #elsewhere",
    });
  });

  test("no way back and a wrong app token are said", async () => {
    const lost = (await examine({ signingSecret: undefined })).at(-1);
    assert.match(lost?.remedy ?? "", /set SLACK_SIGNING_SECRET \(HTTP\) or SLACK_APP_TOKEN/);
    assert.equal((await examine({ appToken: "xapp-1" })).at(-1)?.ok, true);
    slack.fault = ({ method }) => (method === "apps.connections.open" ? { error: "missing_scope" } : undefined);
    assert.match((await examine({ appToken: "xapp-1" })).at(-1)?.remedy ?? "", /needs the scope connections:write/);
    slack.fault = () => undefined;
  });
});

test("the page about Slack explains every verb, and no other", async () => {
  const page = await readFile(new URL("docs/slack-setup.md", root), "utf8");
  const [, table = ""] = /\| after `\/stanch`[^\n]*\n\|[- |]*\n([\s\S]*?)\n\n/.exec(page) ?? [];
  const explained = table.split("\n").flatMap((row) => [...(row.split(" | ")[0] ?? "").matchAll(/`([a-z]+)/g)]);
  assert.deepEqual(explained.map(([, verb]) => verb).sort(), Object.keys(VERBS).sort());
});
