import { SOURCE_NAMES } from "../../core/alert.ts";
import type { AlertRecord, EpisodeState } from "../../core/episode.ts";
import type { EpisodeKey, Intake, Lineage } from "../../core/intake.ts";
import type { RetainedIntake } from "../retained-intake.ts";
import { UNSETTLED_FIELD } from "./accept-script.ts";
import { FORGET, LOOK, STATES, VANISH } from "./episode-scripts.ts";
import { keys } from "./keys.ts";
import type { Link } from "./link.ts";
import { lastSeenOfGroup, readEpisode } from "./record.ts";
import { countOf, docOf } from "./replies.ts";
import { runBinaryScript, runScript } from "./script.ts";

/** Keys asked for per script, so that none holds Redis for long. */
const PORTION = 1_000;

/** What is remembered of episodes, read and ended by their keys. */
export function episodeReads(link: Link): Pick<RetainedIntake, "states" | "look" | "vanish" | "lastSeen" | "forget"> {
  return {
    states: (keys) => states(link, keys),
    look: (keys, back) => look(link, keys, back),
    async vanish({ source, fingerprint }, opening) {
      const reply = await link.call((redis) => runScript(redis, VANISH, [source, fingerprint, opening]));
      return reply === 1;
    },
    lastSeen: async (key) => (await states(link, [key]))[0]?.lastSeen,
    forget: (before) => forget(link, before),
  };
}

async function states(link: Link, all: readonly EpisodeKey[]): Promise<readonly (EpisodeState | undefined)[]> {
  const found: (EpisodeState | undefined)[] = [];
  for (let at = 0; at < all.length; at += PORTION) {
    const portion = all.slice(at, at + PORTION).flatMap(({ source, fingerprint }) => [source, fingerprint]);
    const reply = await link.call((redis) => runBinaryScript(redis, STATES, portion));
    for (const row of Array.isArray(reply) ? reply : []) found.push(row ? readEpisode(row[0], row[1]) : undefined);
  }
  return found;
}

async function look(link: Link, all: readonly EpisodeKey[], back: number): ReturnType<Intake["look"]> {
  const lineages: (Lineage | undefined)[] = [];
  let now = 0;
  for (let at = 0; at === 0 || at < all.length; at += PORTION) {
    const portion = all.slice(at, at + PORTION).flatMap(({ source, fingerprint }) => [source, fingerprint]);
    const reply = await link.call((redis) => runBinaryScript(redis, LOOK, [back, ...portion]));
    const [time, ...rows] = Array.isArray(reply) ? reply : [];
    now = countOf(time);
    for (const row of rows) lineages.push(row ? lineageOf(row) : undefined);
  }
  return { now, lineages };
}

function lineageOf([record, group, ...docs]: [Buffer, Buffer | null, ...(Buffer | null)[]]): Lineage {
  return {
    state: readEpisode(record, group),
    records: docs.map((doc) => docOf<AlertRecord>("alert", doc?.toString())),
  };
}

/** Removes closed episodes and silent groups in portions; one that changes meanwhile stays. */
async function forget(link: Link, before: number): Promise<number> {
  let forgotten = 0;
  for (const source of SOURCE_NAMES) {
    forgotten += await sweep(link, keys.episodes(source), (record) => {
      const { status, lastSeen } = readEpisode(record, null);
      return status === "resolved" && lastSeen < before;
    });
    await sweep(link, keys.groups(source), (record, field) => {
      return field.toString() !== UNSETTLED_FIELD && lastSeenOfGroup(record) < before;
    });
  }
  return forgotten;
}

async function sweep(link: Link, key: string, isOld: (value: Buffer, field: Buffer) => boolean): Promise<number> {
  let cursor = "0";
  let removed = 0;
  do {
    const [next, flat] = await link.call((redis) => redis.hscanBuffer(key, cursor, "COUNT", PORTION));
    cursor = next.toString();
    const old: Buffer[] = [];
    for (let at = 0; at + 1 < flat.length; at += 2) {
      const [field, value] = flat.slice(at, at + 2);
      if (field && value && isOld(value, field)) old.push(field, value);
    }
    if (old.length > 0) removed += Number(await link.call((redis) => runScript(redis, FORGET, [key, ...old])));
  } while (cursor !== "0");
  return removed;
}
