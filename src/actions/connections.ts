import type { Config } from "../core/config.ts";
import type { Connection, ConnectionKind, ConnectionSettings, Connections } from "../core/connection.ts";
import { AppError } from "../core/errors.ts";
import { identityOf, placeOf } from "./identity.ts";
import { settingsNameOf, settingsTarget } from "./settings/target.ts";

type Kinds = Config["connections"];
type Held = { client: unknown; close: ((client: unknown) => unknown) | undefined };

/**
 * The named connections of `stanch.yaml`. Clients are made at first use, once per connection; `close` ends them all and is for
 * shutdown, after which nothing may be used.
 */
export function createConnections(kinds: Kinds): Connections & { close(): Promise<void> } {
  const held = new Map<string, Held>();
  const identities = new Map<string, string>();
  const places = new Map<string, string>();
  const find = <K extends ConnectionKind>(kind: K, name?: string): Connection<K> => {
    const named: Readonly<Record<string, ConnectionSettings[K]>> = kinds[kind] ?? {};
    const chosen = chosenName(kind, Object.keys(named), name);
    const settings = named[chosen];
    if (settings === undefined) throw unknownConnection(kind, chosen, Object.keys(named));
    return {
      kind,
      name: chosen,
      settings,
      get identity() {
        const known = identities.get(`${kind}/${chosen}`) ?? identityOf(kinds, kind, chosen);
        identities.set(`${kind}/${chosen}`, known);
        return known;
      },
      get place() {
        const known = places.get(`${kind}/${chosen}`) ?? placeOf(kinds, kind, chosen);
        places.set(`${kind}/${chosen}`, known);
        return known;
      },
      use: (make, close) => memo(held, `${kind}/${chosen}`, make, close),
    };
  };
  const lockKey = (target: string): string => {
    const name = settingsNameOf(target);
    if (name === undefined || !Object.hasOwn(kinds.settings, name)) return target;
    return settingsTarget(find("settings", name), { find });
  };
  const close = async () => {
    const clients = [...held.values()];
    held.clear();
    await Promise.allSettled(clients.map(async ({ client, close: end }) => end?.(client)));
  };
  return { find, lockKey, close };
}

function memo<T>(held: Map<string, Held>, key: string, make: () => T, close?: (client: T) => unknown): T {
  const known = held.get(key);
  if (known) return known.client as T;
  const client = make();
  held.set(key, { client, close: close as Held["close"] });
  return client;
}

function chosenName(kind: ConnectionKind, names: readonly string[], wanted: string | undefined): string {
  if (wanted !== undefined) return wanted;
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  const remedy =
    names.length === 0
      ? `add one under connections.${kind} in stanch.yaml`
      : `name one with "connection": ${names.join(", ")}`;
  throw new AppError("invalid_request", `${names.length === 0 ? "no" : "more than one"} ${kind} connection; ${remedy}`);
}

function unknownConnection(kind: ConnectionKind, name: string, names: readonly string[]): AppError {
  const known = names.length === 0 ? "there is none" : `there are: ${names.join(", ")}`;
  return new AppError("invalid_request", `no ${kind} connection ${name}; ${known}`);
}
