import type { Config } from "../core/config.ts";
import { ecsLibrary } from "./ecs/client.ts";
import { kubeLibrary } from "./kubernetes/kube-config.ts";

/**
 * Loads the clients of the systems that there are connections to. Loading one holds the process for up to some seconds, in which the time
 * that others have for their answer runs out: a gateway that is well would be measured as one that does not answer.
 */
export async function loadClients({
  kubernetes,
  ecs,
}: Pick<Config["connections"], "kubernetes" | "ecs">): Promise<void> {
  if (Object.keys(kubernetes).length > 0) kubeLibrary();
  if (Object.keys(ecs).length > 0) await ecsLibrary();
}
