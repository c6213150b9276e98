import { SOURCE_NAMES, type SourceName } from "../core/alert.ts";
import type { SourceSettings } from "../core/config.ts";
import type { Source } from "../core/source.ts";
import { createAlertmanager } from "./alertmanager.ts";
import { type CloudWatchDeps, createCloudWatch } from "./cloudwatch.ts";
import { createEventBridge } from "./eventbridge.ts";
import { createGrafana } from "./grafana.ts";
import { confirmSubscription, fetchCertificate } from "./sns/aws.ts";

/** What sources need from outside. */
export type SourceDeps = CloudWatchDeps;

/** The real thing behind CloudWatch's source; a test gives its own. */
export const awsDeps = { confirmSubscription, fetchCertificate: (url: string) => fetchCertificate(url) };

type Table = {
  readonly [Name in SourceName]: (settings: NonNullable<SourceSettings[Name]>, deps: SourceDeps) => Source;
};

/** Every source, by the last segment of its webhook's path and its key under `sources` of stanch.yaml. */
export const sourceTable: Table = {
  alertmanager: createAlertmanager,
  grafana: createGrafana,
  cloudwatch: createCloudWatch,
  eventbridge: createEventBridge,
};

/** The sources that are configured. */
export function createSources(settings: SourceSettings, deps: SourceDeps): ReadonlyMap<SourceName, Source> {
  const sources = SOURCE_NAMES.flatMap((name) => createSource(name, settings, deps) ?? []);
  return new Map(sources.map((source) => [source.name, source]));
}

function createSource<Name extends SourceName>(name: Name, settings: SourceSettings, deps: SourceDeps) {
  const own = settings[name];
  return own === undefined ? undefined : sourceTable[name](own, deps);
}
