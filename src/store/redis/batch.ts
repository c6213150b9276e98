import type { Link } from "./link.ts";
import { confirmReplicas } from "./replicas.ts";

/**
 * Commands sent in one turn of the event loop leave in one packet. Call it right before sending, inside `link.call`;
 * what it returns resolves when the batch has left and, with replicas, when they confirmed it: one WAIT for the batch.
 */
export function batching(link: Link, replicas: number): () => Promise<void> {
  let open: Promise<void> | undefined;
  return () => {
    open ??= leaveTogether(link, replicas, () => {
      open = undefined;
    });
    return open;
  };
}

function leaveTogether(link: Link, replicas: number, closed: () => void): Promise<void> {
  const { stream } = link.redis;
  stream.cork();
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      closed();
      const confirmed = replicas > 0 ? confirmReplicas(link, replicas) : Promise.resolve();
      stream.uncork();
      confirmed.then(resolve, reject);
    });
  });
}
