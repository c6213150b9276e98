import type { AlertGroup } from "../../core/alert.ts";
import { bodyDigest, groupId } from "../content.ts";
import type { RetainedIntake } from "../retained-intake.ts";
import { ACCEPT, NOT_A_REPEAT } from "./accept-script.ts";
import { batched } from "./batch.ts";
import type { Link } from "./link.ts";
import { packBody } from "./pack.ts";
import { type KnownBody, type RecentDigests, recentDigests } from "./recent-digests.ts";
import { confirmReplicas } from "./replicas.ts";
import { runScript } from "./script.ts";

/** How many bodies a process remembers: about 200 bytes each. */
const REMEMBERED_BODIES = 5_000;
/** Of one script call: Redis needs about 10 µs for a body and 1 µs for an alert. */
const MOST_BODIES = 64;
const MOST_BYTES = 256_000;

const NOTHING = Buffer.alloc(0);

/** What the script gets for one webhook body; of a repeat, which is only asked about, the body stays here. */
type Item = { packed: Buffer; body: Buffer };

type Accepting = { ask(item: Item): Promise<number>; recent: RecentDigests };

/** The accept side, on a connection of its own: the bodies of one turn of the event loop are one script call. */
export function acceptance(link: Link, replicas: number): Pick<RetainedIntake, "accept" | "repeated"> {
  const send = async (items: readonly Item[]): Promise<readonly number[]> => {
    const args = items.flatMap(({ packed, body }) => [packed, body]);
    const answers = (await link.call((redis) => runScript(redis, ACCEPT, args))) as readonly number[];
    // After the answer, so that it covers the write.
    if (replicas > 0) await confirmReplicas(link, replicas);
    return answers;
  };
  const bytesOf = ({ packed, body }: Item) => packed.length + body.length;
  const ask = batched(send, { items: MOST_BODIES, bytes: MOST_BYTES, bytesOf });
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
  const packed = packBody({ source, group: known.group, digest }, []);
  if ((await ask({ packed, body: NOTHING })) !== NOT_A_REPEAT) return { accepted: 0, unchanged: known.alerts };
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
  const packed = packBody({ source, group: known.group, digest }, group.alerts);
  const accepted = await accepting.ask({ packed, body });
  accepting.recent.set(source, digest, known);
  return { accepted, unchanged: known.alerts - accepted };
}
