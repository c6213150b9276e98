import type { Link } from "./link.ts";
import { confirmReplicas } from "./replicas.ts";

/** Commands sent in one turn of the event loop leave in one packet. Call it inside `link.call`, right before sending. */
export function sendTogether(link: Link): () => void {
  let corked = false;
  return () => {
    if (corked) return;
    corked = true;
    const { stream } = link.redis;
    stream.cork();
    setImmediate(() => {
      corked = false;
      stream.uncork();
    });
  };
}

/** One WAIT confirms for all whose answers came in one turn; call it after the answer, so that it covers the write. */
export function confirmTogether(link: Link, replicas: number): () => Promise<void> {
  let open: Promise<void> | undefined;
  return () => {
    open ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        open = undefined;
        confirmReplicas(link, replicas).then(resolve, reject);
      });
    });
    return open;
  };
}
