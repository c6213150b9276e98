import { randomBytes } from "node:crypto";
import type { SightingGroup } from "../../core/alert.ts";
import { bodyDigest, contentOf, groupId } from "../content.ts";
import type { RetainedIntake } from "../retained-intake.ts";
import { ACCEPT, NOT_A_REPEAT } from "./accept-script.ts";
import { batched } from "./batch.ts";
import { keys } from "./keys.ts";
import type { Link } from "./link.ts";
import { bodyPacker, type PackBody } from "./pack.ts";
import { type KnownBody, type RecentDigests, recentDigests } from "./recent-digests.ts";
import { confirmReplicas } from "./replicas.ts";
import { runScript, setThenRun } from "./script.ts";

/** How many bodies a process remembers: about 200 bytes each. */
const REMEMBERED_BODIES = 5_000;
/** Of one script call: Redis needs about 10 µs for a body and 1 µs for an alert. */
const MOST_BODIES = 64;
/** So that Redis has begun with the first bodies of a burst while this process reads the next. */
const MOST_BYTES = 64_000;

const NOTHING = Buffer.alloc(0);

/**
 * What is sent for one webhook body; of a repeat, which is only asked about, the body stays here. A larger one is laid aside under a
 * name right before the script, in one transaction with it, and the script gets the name: Lua would hash each byte of it and copy it
 * three times.
 */
type Item = { packed: Buffer; body: Buffer; aside?: string };

/** From this size on a body is laid aside: the further commands cost less than its way through Lua. */
const LARGE = 4_096;

type Sent = { body: Buffer; digest: string };
type Counts = { accepted: number; unchanged: number };
type Accepting = {
  ask(item: Item): Promise<number>;
  recent: RecentDigests;
  pack: PackBody;
  /** Another one each time, in this process and all others. */
  nextName(): string;
};

/** The accept side, on a connection of its own: the bodies of one turn of the event loop are one script call. */
export function acceptance(link: Link, replicas: number): Pick<RetainedIntake, "accept" | "repeated"> {
  const digestOf = rememberedDigest();
  const accepting: Accepting = {
    ask: batched((items: readonly Item[]) => send(link, replicas, items), {
      items: MOST_BODIES,
      bytes: MOST_BYTES,
      bytesOf: ({ packed, body }) => packed.length + body.length,
    }),
    recent: recentDigests(REMEMBERED_BODIES),
    pack: bodyPacker(contentOf()),
    nextName: names(),
  };
  return {
    repeated: (source, body) => repeated(accepting, source, digestOf(body)),
    accept(group, body) {
      if (group.alerts.length === 0) return Promise.resolve({ accepted: 0, unchanged: 0 });
      const sent = { body, digest: digestOf(body) };
      const asked = repeated(accepting, group.source, sent.digest);
      return asked ? asked.then((known) => known ?? accept(accepting, group, sent)) : accept(accepting, group, sent);
    },
  };
}

async function send(link: Link, replicas: number, items: readonly Item[]): Promise<readonly number[]> {
  const args = items.flatMap(({ packed, body, aside }) => [packed, aside ?? body]);
  const laid = items.flatMap(({ aside, body }) => (aside ? [keys.body(aside), body] : []));
  const answers = await link.call((redis) =>
    laid.length > 0 ? setThenRun(redis, laid, [ACCEPT, args]) : runScript(redis, ACCEPT, args),
  );
  // After the answer, so that it covers the write.
  if (replicas > 0) await confirmReplicas(link, replicas);
  return answers as readonly number[];
}

function names(): () => string {
  const process = randomBytes(12).toString("base64url");
  let serial = 0;
  return () => `${process}-${(serial++).toString(36)}`;
}

/** A body is asked for twice in a row, as a repeat and then as new; the second time it is forgotten. */
function rememberedDigest(): (body: Buffer) => string {
  let last: { body: Buffer; digest: string } | undefined;
  return (body) => {
    const known = last?.body === body ? last.digest : undefined;
    const digest = known ?? bodyDigest(body);
    last = known === undefined ? { body, digest } : undefined;
    return digest;
  };
}

/** Undefined at once for a body that this process does not remember. */
function repeated(
  { ask, recent, pack }: Accepting,
  source: SightingGroup["source"],
  digest: string,
): Promise<Counts | undefined> | undefined {
  const known = recent.get(source, digest);
  if (!known) return undefined;
  const packed = pack({ source, group: known.group, digest }, []);
  return ask({ packed, body: NOTHING }).then((answer) => {
    if (answer !== NOT_A_REPEAT) return { accepted: 0, unchanged: known.alerts };
    recent.delete(source, digest);
    return undefined;
  });
}

/** Not an async function: what was parsed need not live, and be moved by the garbage collector, until Redis has answered. */
function accept(
  { ask, recent, pack, nextName }: Accepting,
  group: SightingGroup,
  { body, digest }: Sent,
): Promise<Counts> {
  const { source } = group;
  const known: KnownBody = { group: groupId(group.groupKey), alerts: group.alerts.length };
  const aside = body.length >= LARGE ? nextName() : undefined;
  const packed = pack({ source, group: known.group, digest, aside: aside !== undefined }, group.alerts);
  return ask(aside === undefined ? { packed, body } : { packed, body, aside }).then((accepted) => {
    recent.set(source, digest, known);
    return { accepted, unchanged: known.alerts - accepted };
  });
}
