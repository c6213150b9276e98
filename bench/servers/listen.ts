import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";

/** Tells the parent the port, and its CPU time, its size and the delays of its event loop since the last time it asked. */
export function report(port: number): void {
  const delays = monitorEventLoopDelay({ resolution: 5 });
  delays.enable();
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    const loop = { p99: delays.percentile(99) / 1e6, max: delays.max / 1e6 };
    delays.reset();
    process.send?.({ cpuMicros: user + system, rss: process.memoryUsage().rss, loop });
  });
  process.send?.({ port });
}

export function listen(server: Server): void {
  server.listen(0, "127.0.0.1", () => report((server.address() as AddressInfo).port));
}
