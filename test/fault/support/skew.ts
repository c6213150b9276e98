/** Preloaded: sets this process's clock off by SKEW_MINUTES, as far as JavaScript can tell. */
const skew = Number(process.env["SKEW_MINUTES"] ?? "0") * 60_000;
const Real = Date;
const now = (): number => Real.now() + skew;

globalThis.Date = new Proxy(Real, {
  construct: (target, args: readonly unknown[]) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args) as Date,
  get: (target, name, receiver) => (name === "now" ? now : Reflect.get(target, name, receiver)),
});
