import { packItems, unpackItems } from "./packed.ts";
import { readLine, writeLine } from "./timeline.ts";

const TIMELINE = "timeline:";

/** A list's item as it is stored: its JSON, or that of the shorter form that the items of this list have. */
export function writeItem(list: string, item: object): string {
  return list.startsWith(TIMELINE) ? writeLine(item) : JSON.stringify(item);
}

/** The items of a list from its first one on, in every form that was ever stored. */
export function readItems<T extends object>(list: string, texts: readonly string[]): readonly T[] {
  const read = list.startsWith(TIMELINE) ? readLine : JSON.parse;
  return unpackItems(texts).map((text): T => read(text));
}

/** What a list of these items is replaced by, as many, when it is sealed; undefined where that would not be less. */
export function sealItems(list: string, items: readonly object[]): readonly string[] | undefined {
  return packItems(items.map((item) => writeItem(list, item)));
}

/** Whether these stand behind a sealed list's first item, so that the list has to be read from there. */
export function isBehindSeal(texts: readonly string[]): boolean {
  return texts[0] === "";
}
