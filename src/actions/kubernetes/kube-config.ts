import { createRequire } from "node:module";
import type { KubeConfig as Config } from "@kubernetes/client-node";

/** What the client assumes when it finds neither a kubeconfig nor a service account. */
const NOTHING_FOUND = "http://localhost:8080";

type Library = typeof import("@kubernetes/client-node");

/** The official client, loaded only where a `kubernetes` connection is configured: it takes some 80 MB, and holds all else up for a second. */
export function kubeLibrary(): Library {
  return createRequire(import.meta.url)("@kubernetes/client-node");
}

/**
 * The kubeconfig for a context: KUBECONFIG, `~/.kube/config` or the pod's service account, as the official client finds it.
 * @throws what the client throws for a file that cannot be read or an unknown context.
 */
export function loadKubeConfig(context?: string): Config {
  const { KubeConfig } = kubeLibrary();
  const config = new KubeConfig();
  config.loadFromDefault();
  if (config.getCurrentCluster()?.server === NOTHING_FOUND) throw new Error("there is no kubeconfig");
  if (context === undefined) return config;
  if (!config.getContextObject(context)) throw new Error(`the kubeconfig has no context ${context}`);
  config.setCurrentContext(context);
  return config;
}

/** The API server's address for a context, spelt in one way; undefined when the kubeconfig does not tell. */
export function apiServerOf(context: string | undefined): string | undefined {
  try {
    const { origin, pathname } = new URL(loadKubeConfig(context).getCurrentCluster()?.server ?? "");
    return `${origin}${pathname.replace(/\/$/, "")}`;
  } catch {
    return undefined;
  }
}
