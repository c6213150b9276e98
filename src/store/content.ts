import { hash } from "node:crypto";
import type { Sighting } from "../core/alert.ts";
import { type ContentHash, contentHasher } from "../core/content.ts";

/** 16 bytes of SHA-256 over a whole body, as a latin1 string: thousands are remembered, and a Buffer costs ten times as much to keep. */
export function bodyDigest(body: Buffer): string {
  return hash("sha256", body, "binary").slice(0, 16);
}

/** 12 bytes that stand for a source's group key, which may be of any length; as a latin1 string. */
export function groupId(groupKey: string): string {
  return hash("sha256", groupKey, "binary").slice(0, 12);
}

/** The content hash of an alert: its source's, or else of its labels and annotations. It remembers one alert. */
export function contentOf(): (alert: Sighting) => ContentHash {
  const hashOf = contentHasher();
  return (alert) => ("content" in alert ? alert.content : hashOf(alert));
}
