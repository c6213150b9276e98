import { readFileSync } from "node:fs";
import { z } from "zod";

const Manifest = z.object({ version: z.string() });

/** The package's version; `package.json` lies two folders above, seen from the sources and from `dist` alike. */
export function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return Manifest.parse(JSON.parse(text)).version;
}
