import { setTimeout as sleep } from "node:timers/promises";
import { SocketModeReceiver } from "@slack/bolt";
import type { Log } from "../../core/log.ts";
import { slackLogger } from "./api.ts";

type Socket = { receiver: SocketModeReceiver; start(): void; stop(): Promise<void> };

/**
 * Socket Mode with a reconnect loop of its own: the client's loop waits five seconds at each of Slack's regular refreshes, and
 * lets a revoked token end the process. Nothing here throws; Slack being away is logged and tried again.
 */
export function createSocket({ appToken, apiUrl, log }: { appToken: string; apiUrl?: string; log: Log }): Socket {
  const stopping = new AbortController();
  const receiver = new SocketModeReceiver({
    appToken,
    autoReconnectEnabled: false,
    logger: slackLogger(log),
    installerOptions: {
      clientOptions: {
        ...(apiUrl !== undefined && { slackApiUrl: apiUrl }),
        timeout: 10_000,
        retryConfig: { retries: 0 },
      },
    },
  });
  let loop: Promise<void> | undefined;
  const connecting: Connecting = { current: Promise.resolve() };
  return {
    receiver,
    start() {
      loop ??= keepConnected(receiver, { signal: stopping.signal, connecting, log });
    },
    async stop() {
      stopping.abort();
      // Closing a socket that is still connecting leaves the client's 30 s timer running.
      await Promise.race([settled(connecting.current), sleep(SETTLE)]);
      await Promise.race([receiver.client.disconnect(), sleep(1_000)]);
      await loop;
    },
  };
}

const SETTLE = 500;

type Connecting = { current: Promise<unknown> };
type Course = { signal: AbortSignal; connecting: Connecting; log: Log };

async function keepConnected({ client }: SocketModeReceiver, { signal, connecting, log }: Course): Promise<void> {
  const stop = aborted(signal);
  let failures = 0;
  while (!signal.aborted) {
    try {
      connecting.current = client.start();
      await Promise.race([connecting.current, stop]);
      failures = 0;
      await Promise.race([new Promise<void>((resolve) => client.once("disconnected", () => resolve())), stop]);
    } catch (error) {
      failures += 1;
      log.warn(
        { why: error instanceof Error ? error.message : String(error) },
        "slack socket mode cannot connect; it is tried again",
      );
    }
    if (!signal.aborted && failures > 0)
      await sleep(Math.min(30_000, 500 * 2 ** failures), undefined, { signal }).catch(() => {});
  }
}

async function settled(work: Promise<unknown>): Promise<void> {
  await Promise.allSettled([work]);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
