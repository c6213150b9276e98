import type { Metrics } from "./metrics.ts";
import type { FailureReason, Provider, ProviderAnswer } from "./providers.ts";
import type { SettingsStore } from "./settings.ts";

/** What a client of the gateway gets. */
export type Answer = { status: 200; provider: string } | { status: 429 | 502 | 504; error: string };

export type Router = { complete(): Promise<Answer> };

const OPENS_AFTER = 5;
const PROBE_EVERY_MS = 5_000;

/**
 * Sends each request to the primary provider. With `FALLBACK_ENABLED`, a failed call goes to the fallback, and after 5
 * failures in a row a circuit breaker sends everything there, but for one probe every 5 s.
 */
export function createRouter(deps: {
  settings: SettingsStore;
  metrics: Metrics;
  primary: Provider;
  fallback: Provider;
}): Router {
  const { settings, metrics, primary, fallback } = deps;
  const breaker = createBreaker(metrics, primary.name);
  let shedding = 0;

  async function call(provider: Provider): Promise<ProviderAnswer> {
    metrics.add("router_requests_total", { provider: provider.name });
    const answer = await provider.call();
    if (!answer.ok) metrics.add("router_errors_total", { provider: provider.name, reason: answer.reason });
    return answer;
  }

  async function route(): Promise<Answer> {
    const enabled = settings.now.FALLBACK_ENABLED;
    if (!enabled || breaker.admits()) {
      const answer = await call(primary);
      breaker.record(answer.ok);
      if (answer.ok) return { status: 200, provider: primary.name };
      if (!enabled) return failure(answer.reason);
    }
    const answer = await call(fallback);
    return answer.ok ? { status: 200, provider: fallback.name } : failure(answer.reason);
  }

  return {
    async complete() {
      shedding += settings.now.SHED_RATE;
      const shed = shedding >= 1;
      if (shed) {
        shedding -= 1;
        metrics.add("gateway_shed_total", {});
      }
      const answer: Answer = shed ? { status: 429, error: "shed: try again later" } : await route();
      metrics.add("http_requests_total", { status_code: String(answer.status) });
      return answer;
    },
  };
}

function failure(reason: FailureReason): Answer {
  if (reason === "timeout") return { status: 504, error: "the provider answers too slowly" };
  return { status: 502, error: reason === "rate_limited" ? "the provider is over its limit" : "the provider failed" };
}

function createBreaker(metrics: Metrics, provider: string) {
  let failures = 0;
  let probedAt = 0;
  const show = () => metrics.set("router_circuit_breaker_state", { provider }, failures >= OPENS_AFTER ? 1 : 0);
  show();
  return {
    admits() {
      if (failures < OPENS_AFTER) return true;
      if (Date.now() - probedAt < PROBE_EVERY_MS) return false;
      probedAt = Date.now();
      return true;
    },
    record(ok: boolean) {
      failures = ok ? 0 : failures + 1;
      if (failures === OPENS_AFTER) probedAt = Date.now();
      show();
    },
  };
}
