import type { Finding } from "./harness/gates.ts";
import { acceptPart } from "./parts/accept.ts";
import { enginePart } from "./parts/engine.ts";
import { latencyPart } from "./parts/latency.ts";
import { matchingPart } from "./parts/matching.ts";
import { memoryPart } from "./parts/memory.ts";
import { stormPart } from "./parts/storm.ts";

/** How long and how often; `say` prints progress and the figures behind the findings. */
export type PartOptions = { rounds: number; seconds: number; say(line: string): void };

/** A part of the benchmark measures some of the goals. */
export type Part = (options: PartOptions) => Promise<readonly Finding[]>;

/** The parts by the name that `npm run bench -- NAME` takes. */
export const PARTS: Readonly<Record<string, Part>> = {
  accept: acceptPart,
  latency: latencyPart,
  matching: matchingPart,
  engine: enginePart,
  storm: stormPart,
  memory: memoryPart,
};
