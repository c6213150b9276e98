import type { AlertGroup } from "../../core/alert.ts";
import { bodyDigest, groupId } from "../content.ts";
import type { RetainedIntake } from "../retained-intake.ts";
import { ACCEPT, NOT_A_REPEAT } from "./accept-script.ts";
import { confirmTogether, sendTogether } from "./batch.ts";
import type { Link } from "./link.ts";
import { packBody } from "./pack.ts";
import { type KnownBody, type RecentDigests, recentDigests } from "./recent-digests.ts";
import { runScript, type ScriptArgument } from "./script.ts";

/** How many bodies a process remembers: about 200 bytes each. */
const REMEMBERED_BODIES = 5_000;

type Accepting = { ask(args: readonly ScriptArgument[]): Promise<number>; recent: RecentDigests };

/** The accept side, on a connection of its own whose commands leave in batches. */
export function acceptance(link: Link, replicas: number): Pick<RetainedIntake, "accept" | "repeated"> {
  const together = sendTogether(link);
  const confirm = replicas > 0 ? confirmTogether(link, replicas) : undefined;
  const ask = async (args: readonly ScriptArgument[]): Promise<number> => {
    const reply = await link.call((redis) => {
      together();
      return runScript(redis, ACCEPT, args);
    });
    await confirm?.();
    return Number(reply);
  };
  const accepting: Accepting = { ask, recent: recentDigests(REMEMBERED_BODIES) };
  return {
    repeated: (source, body) => repeated(accepting, source, body),
    accept: (group, body) => accept(accepting, group, body),
  };
}

async function repeated(
  { ask, recent }: Accepting,
  source: AlertGroup["source"],
  body: Buffer,
): Promise<{ accepted: number; unchanged: number } | undefined> {
  const digest = bodyDigest(body);
  const known = recent.get(source, digest);
  if (!known) return undefined;
  if ((await ask([packBody({ source, group: known.group, digest }, [])])) !== NOT_A_REPEAT)
    return { accepted: 0, unchanged: known.alerts };
  recent.delete(source, digest);
  return undefined;
}

async function accept(
  accepting: Accepting,
  group: AlertGroup,
  body: Buffer,
): Promise<{ accepted: number; unchanged: number }> {
  if (group.alerts.length === 0) return { accepted: 0, unchanged: 0 };
  const { source } = group;
  const repeat = await repeated(accepting, source, body);
  if (repeat) return repeat;
  const digest = bodyDigest(body);
  const known: KnownBody = { group: groupId(group.groupKey), alerts: group.alerts.length };
  const accepted = await accepting.ask([packBody({ source, group: known.group, digest }, group.alerts), body]);
  accepting.recent.set(source, digest, known);
  return { accepted, unchanged: known.alerts - accepted };
}
