import type { Metrics } from "../../demo/simulator/metrics.ts";

/** Share of the gateway's answers that were 502, one number per interval, oldest first; `stop` ends it. */
export type ErrorWatch = { readonly shares: readonly number[]; stop(): void };

const EVERY_MS = 400;

/** Watches the simulator's own counters, as its users would feel it; no Prometheus in between. */
export function watchErrors(metrics: Metrics): ErrorWatch {
  const read = () => ({
    ok: metrics.value("http_requests_total", { status_code: "200" }),
    bad: metrics.value("http_requests_total", { status_code: "502" }),
  });
  const shares: number[] = [];
  let last = read();
  const timer = setInterval(() => {
    const now = read();
    const all = now.ok - last.ok + now.bad - last.bad;
    shares.push(all === 0 ? 0 : (now.bad - last.bad) / all);
    last = now;
  }, EVERY_MS);
  return { shares, stop: () => clearInterval(timer) };
}
