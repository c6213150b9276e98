import { setTimeout as sleep } from "node:timers/promises";

/** How a provider behaves: `limited` answers 429 beyond its capacity, `slow` outlasts the gateway's timeout. */
export const PROVIDER_STATES = ["healthy", "failing", "slow", "limited"] as const;
export type ProviderState = (typeof PROVIDER_STATES)[number];

/** Why a call failed: the label `reason` of `router_errors_total`. */
export const FAILURE_REASONS = ["server_error", "timeout", "rate_limited"] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** What a call to a provider came to. */
export type ProviderAnswer = { ok: true } | { ok: false; reason: FailureReason };

export type Provider = {
  readonly name: string;
  state: ProviderState;
  call(): Promise<ProviderAnswer>;
};

export type ProviderOptions = {
  name: string;
  /** Calls per second that a `limited` provider still answers. */
  capacity: number;
  latencyMs: number;
  /** The gateway gives up after this long. */
  timeoutMs: number;
};

/** A provider that never leaves the process; its capacity is a bucket refilled by the clock. */
export function createProvider(options: ProviderOptions): Provider {
  let tokens = options.capacity;
  let filledAt = Date.now();
  const take = () => {
    const now = Date.now();
    tokens = Math.min(options.capacity, tokens + ((now - filledAt) / 1000) * options.capacity);
    filledAt = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
  return {
    name: options.name,
    state: "healthy",
    async call() {
      if (this.state === "failing") return { ok: false, reason: "server_error" };
      if (this.state === "limited" && !take()) return { ok: false, reason: "rate_limited" };
      await sleep(this.state === "slow" ? options.timeoutMs : options.latencyMs, undefined, { ref: false });
      return this.state === "slow" ? { ok: false, reason: "timeout" } : { ok: true };
    },
  };
}
