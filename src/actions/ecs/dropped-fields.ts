import { isPlainObject } from "../../core/json.ts";

/** The places in an answer's task definition that the parsed one lacks: `containerDefinitions.0.newField`. */
export function droppedFields(body: Uint8Array, known: unknown): readonly string[] {
  const whole: unknown = JSON.parse(Buffer.from(body).toString("utf8"));
  return isPlainObject(whole) ? lacking(whole["taskDefinition"], known, "") : [];
}

function lacking(sent: unknown, known: unknown, at: string): readonly string[] {
  if (sent === null || typeof sent !== "object") return [];
  const kept =
    typeof known === "object" && known !== null ? new Map(Object.entries(known)) : new Map<string, unknown>();
  return Object.entries(sent).flatMap(([key, value]: [string, unknown]) => {
    if (value === null) return [];
    const place = at === "" ? key : `${at}.${key}`;
    return kept.get(key) === undefined ? [place] : lacking(value, kept.get(key), place);
  });
}
