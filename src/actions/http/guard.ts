import dns from "node:dns";
import net from "node:net";
import { Agent, buildConnector, type Dispatcher } from "undici";

/** Special-purpose ranges of the IANA registries. Node checks IPv4-mapped IPv6 addresses against the IPv4 ranges by itself. */
const FORBIDDEN = [
  "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24",
  "192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4",
  "::/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16",
  "fc00::/7 fe80::/10 fec0::/10 ff00::/8",
].join(" ");

const CONNECT_WITHIN = 3_000;

/** An address that a connection without `allow-private` must not reach. `code` survives undici's wrapping. */
export class BlockedAddress extends Error {
  override readonly name = "BlockedAddress";
  readonly code = "ERR_BLOCKED_ADDRESS";
}

export type Lookup = (
  host: string,
  options: dns.LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: dns.LookupAddress[]) => void,
) => void;

/** A dispatcher; `isLookingUp` says whether it still waits for the name server's answer about a host. */
export type Way = Dispatcher & { isLookingUp?(host: string): boolean };
type WatchedAgent = Agent & Required<Pick<Way, "isLookingUp">>;

function forbiddenRanges(): net.BlockList {
  const list = new net.BlockList();
  for (const range of FORBIDDEN.split(" ")) {
    const [address = "", prefix] = range.split("/");
    list.addSubnet(address, Number(prefix), address.includes(":") ? "ipv6" : "ipv4");
  }
  return list;
}

/** True for an IP address that is private, link-local, reserved or no address at all. */
export function addressFilter(): (address: string) => boolean {
  const ranges = forbiddenRanges();
  return (address) => {
    const family = net.isIP(address);
    if (family === 0) return true;
    return ranges.check(address, family === 6 ? "ipv6" : "ipv4");
  };
}

/** An agent for a target that the operator allows to be anywhere. Never speaks HTTP/2, so that one request is one write. */
export function openAgent(lookup: Lookup = dns.lookup): WatchedAgent {
  const names = watched(lookup);
  const connect = { lookup: checkedLookup(names.lookup, () => false), timeout: CONNECT_WITHIN };
  const agent = new Agent({ allowH2: false, connections: 16, connect });
  return Object.assign(agent, { isLookingUp: names.isLookingUp });
}

/**
 * An agent that connects to public addresses only: IP literals are checked before connecting, every answer of the name server is
 * checked (one bad address spoils all), and the address really reached is checked again, so that rebinding gains nothing.
 */
export function guardedAgent(lookup: Lookup = dns.lookup): WatchedAgent {
  const isForbidden = addressFilter();
  const names = watched(lookup);
  const connector = { lookup: checkedLookup(names.lookup, isForbidden), timeout: CONNECT_WITHIN, allowH2: false };
  const base = buildConnector(connector);
  const agent = new Agent({
    allowH2: false,
    connections: 16,
    connect(options, done) {
      const host = options.hostname.replace(/^\[|\]$/g, "");
      if (net.isIP(host) !== 0 && isForbidden(host)) return done(new BlockedAddress(`${host} is not public`), null);
      base(options, (error, socket) => {
        if (error || !socket) return done(error ?? new Error("no socket"), null);
        if (!isForbidden(socket.remoteAddress ?? "")) return done(null, socket);
        socket.destroy();
        done(new BlockedAddress(`${host} led to an address that is not public`), null);
      });
    },
  });
  return Object.assign(agent, { isLookingUp: names.isLookingUp });
}

/** The same look-up, and which hosts it has not answered for. */
function watched(lookup: Lookup): { lookup: Lookup; isLookingUp(host: string): boolean } {
  const waiting = new Map<string, number>();
  const count = (host: string, by: number) => waiting.set(host, (waiting.get(host) ?? 0) + by);
  return {
    isLookingUp: (host) => (waiting.get(host) ?? 0) > 0,
    lookup(host, options, done) {
      count(host, 1);
      lookup(host, options, (error, addresses) => {
        count(host, -1);
        done(error, addresses);
      });
    },
  };
}

function checkedLookup(lookup: Lookup, isForbidden: (address: string) => boolean): net.LookupFunction {
  return (host, options, done) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error || !first) return done(error ?? noAddress(host), "", 0);
      if (addresses.some(({ address }) => isForbidden(address)))
        return done(new BlockedAddress(`${host} resolves to an address that is not public`), "", 0);
      if (options.all === true) return done(null, addresses);
      done(null, first.address, first.family);
    });
  };
}

function noAddress(host: string): Error {
  return Object.assign(new Error(`${host} has no address`), { code: "ENOTFOUND" });
}
