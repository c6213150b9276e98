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
  return {
    receiver,
    start() {
      loop ??= keepConnected(receiver, stopping.signal, log);
    },
    async stop() {
      stopping.abort();
      await Promise.race([receiver.client.disconnect(), sleep(1_000)]);
      await loop;
    },
  };
}

async function keepConnected({ client }: SocketModeReceiver, signal: AbortSignal, log: Log): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      const ended = new Promise<void>((resolve) => client.once("disconnected", () => resolve()));
      await Promise.race([client.start(), aborted(signal)]);
      log.info({}, "slack socket mode is connected");
      failures = 0;
      await Promise.race([ended, aborted(signal)]);
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

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
