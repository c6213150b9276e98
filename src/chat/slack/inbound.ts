import type { Actor } from "../../core/decision.ts";
import { AppError, messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { type Api, listIn, stringIn } from "./api.ts";
import { parseCommandLine, parseTyped } from "./command-line.ts";
import { homeView } from "./home.ts";
import { answerModal, rejectionOf, rejectModal } from "./modals.ts";
import { actorOf } from "./people.ts";
import { type ReplyTo, reply } from "./reply.ts";
import type { Mrkdwn } from "./text.ts";
import { type Answer, type Ask, decide, say, type VerbDeps } from "./verb.ts";
import { verbOf } from "./verbs.ts";

/** `quick` gives up before a trigger_id expires (3 s). */
export type InboundDeps = VerbDeps & { api: Api; quick: Api; log: Log };

/** A slash command, after it was acknowledged. */
export async function onCommand(deps: InboundDeps, body: unknown): Promise<void> {
  const replyTo = replyToOf(body, stringIn(body, "user_id") ?? "", stringIn(body, "channel_id"));
  const line = parseTyped(stringIn(body, "text") ?? "");
  const answer = await answerTo(deps, line.verb, { ...line, who: actorOf(deps.approvals, replyTo.user) });
  await reply(deps, replyTo, answer, { here: line.here && answer.alone !== true });
}

/** A pressed button, after it was acknowledged. Its value is the command; rejecting and showing plans open a window. */
export async function onAction(deps: InboundDeps, body: unknown): Promise<void> {
  const [action] = listIn(body, "actions");
  const command = stringIn(action, "value");
  const user = stringIn(body, "user", "id");
  if (command === undefined || user === undefined) return;
  const replyTo = replyToOf(body, user, stringIn(body, "channel", "id"));
  if (isForeign(body)) return tell(deps, replyTo, say("Only people of this workspace can decide here."));
  const line = parseCommandLine(command);
  const triggerId = stringIn(body, "trigger_id");
  const ask = { ...line, who: actorOf(deps.approvals, user), ...clickOf(body, command) };
  if (line.verb === "home") return showHome(deps, user);
  if (line.verb === "reject") return openReject(deps, ask, { replyTo, triggerId });
  const answer = await answerTo(deps, line.verb, ask);
  if (line.verb === "plan" && (await openModal(deps, triggerId, answerModal("Plan", answer)))) return;
  await tell(deps, replyTo, answer, line.confirmed && answer.alone !== true);
}

/** The button of one message; pressed twice it is the same. Empty where Slack does not name the message. */
function clickOf(body: unknown, command: string): { click?: string } {
  const [channel, ts] = [stringIn(body, "channel", "id"), stringIn(body, "container", "message_ts")];
  return ts === undefined ? {} : { click: `${channel ?? ""}/${ts}/${command}` };
}

/** The reason for a rejection has come back. */
export async function onRejection(deps: InboundDeps, body: unknown): Promise<void> {
  const user = stringIn(body, "user", "id");
  const rejection = rejectionOf(body !== null && typeof body === "object" ? Reflect.get(body, "view") : undefined);
  if (user === undefined || !rejection || isForeign(body)) return;
  const { approval, reason } = rejection;
  const who = actorOf(deps.approvals, user);
  const answer = await guarded(deps, () =>
    decide(deps, who, { verb: "reject", approval, ...(reason !== "" && { reason }) }),
  );
  await tell(deps, { ...rejection.replyTo, user }, answer);
}

/** Answers where the person is: in the channel of the message they clicked, or in the App Home. */
async function tell(deps: InboundDeps, to: ReplyTo, answer: Answer, replace = false): Promise<void> {
  if (to.responseUrl === undefined && to.channel === undefined) return showHome(deps, to.user, answer.text);
  await reply(deps, to, answer, { replace });
}

/** Puts the App Home of a person up to date. */
export async function showHome(deps: InboundDeps, user: string, notice?: Mrkdwn): Promise<void> {
  const view = await homeView(deps, actorOf(deps.approvals, user), notice).catch((error: unknown) => ({
    type: "home" as const,
    blocks: say(failed(deps, error)).blocks,
  }));
  const published = await deps.api.call("views.publish", { user_id: user, view });
  if (!published.ok) deps.log.warn({ why: published.why }, "the app home could not be shown");
}

async function openReject(
  deps: InboundDeps,
  { who, args: [approval = ""] }: Ask,
  { replyTo, triggerId }: { replyTo: ReplyTo; triggerId: string | undefined },
): Promise<void> {
  const closed = await closedBefore(deps, who, approval);
  if (closed) return tell(deps, replyTo, closed);
  if (await openModal(deps, triggerId, rejectModal(approval, replyTo))) return;
  deps.log.warn({ who: who.name }, "the window for the reason could not be opened");
  await tell(deps, replyTo, say(`Slack did not open the window; type /stanch reject ${approval} and the reason.`));
}

/** Nobody writes a reason for what is over: the door says how it ended. Undefined while it waits, or where that cannot be read now. */
async function closedBefore(deps: InboundDeps, who: Actor, approval: string): Promise<Answer | undefined> {
  const found = await deps.desk.approval(approval).catch(() => undefined);
  if (found === undefined || found.status === "pending") return undefined;
  return guarded(deps, () => decide(deps, who, { verb: "reject", approval }));
}

async function openModal(deps: InboundDeps, triggerId: string | undefined, view: object): Promise<boolean> {
  if (triggerId === undefined) return false;
  const opened = await deps.quick.call("views.open", { trigger_id: triggerId, view });
  return opened.ok;
}

async function answerTo(deps: InboundDeps, verb: string, ask: Ask): Promise<Answer> {
  return guarded(deps, () => verbOf(verb).answer(deps, ask));
}

async function guarded(deps: InboundDeps, work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    return say(failed(deps, error));
  }
}

function failed({ log }: InboundDeps, error: unknown): string {
  if (!(error instanceof AppError)) log.error({ err: error }, "answering in slack");
  return messageOf(error);
}

/** A person of another organisation in a shared channel: Slack names their workspace beside the one the app is in. */
function isForeign(body: unknown): boolean {
  const [own, theirs] = [stringIn(body, "team", "id"), stringIn(body, "user", "team_id")];
  return (
    own !== undefined && theirs !== undefined && own !== theirs && stringIn(body, "enterprise", "id") === undefined
  );
}

function replyToOf(body: unknown, user: string, channel: string | undefined): ReplyTo {
  const responseUrl = stringIn(body, "response_url");
  return { user, ...(responseUrl !== undefined && { responseUrl }), ...(channel !== undefined && { channel }) };
}
