import type { AlertRecord } from "../../core/episode.ts";
import type { DocKind } from "../../core/store.ts";
import { alertOf, isStoredAlert, storedAlert } from "./alert.ts";

/** A document's body as it is stored: its JSON, or the JSON of the shorter form that its kind has. */
export function writeBody(kind: DocKind, body: object): string {
  return JSON.stringify((kind === "alert" && storedAlert(body as AlertRecord)) || body);
}

/** The inverse, of every form that was ever stored. */
export function readBody<T extends object>(kind: DocKind, json: string): T {
  const body = JSON.parse(json);
  return kind === "alert" && isStoredAlert(body) ? (alertOf(body) as T & AlertRecord) : body;
}
