import type { Config, FreezeWindow, ReportSettings } from "../core/config.ts";
import type { StanchYaml } from "./schema.ts";

/** Freeze windows in the core's form. */
export function freezeWindows(yaml: StanchYaml["freeze"]): Config["freeze"] {
  return yaml.map(
    (window): FreezeWindow => ({
      cron: window.cron,
      for: window.for,
      tz: window.tz,
      allow: window.allow,
      reason: window.reason,
    }),
  );
}

/** Report settings in the core's form; undefined: no report is written to disk. */
export function reportSettings(yaml: StanchYaml["reports"]): ReportSettings | undefined {
  if (yaml === undefined) return undefined;
  const decisionLog = yaml["decision-log"];
  const incidentsLog = yaml["incidents-log"];
  return {
    directory: yaml.directory,
    postMortemWithin: yaml["post-mortem-within"],
    chapter: yaml.chapter,
    ...(decisionLog === undefined ? {} : { decisionLog }),
    ...(incidentsLog === undefined ? {} : { incidentsLog }),
  };
}
