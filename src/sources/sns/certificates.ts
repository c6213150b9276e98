import { type KeyObject, X509Certificate } from "node:crypto";
import { AppError } from "../../core/errors.ts";
import type { Instant } from "../../core/time.ts";

/** The PEM behind a checked URL. @throws AppError `unauthorized` when there is none, `unavailable` when it cannot be read now. */
export type FetchCertificate = (url: string) => Promise<string>;

/** Public keys of signing certificates, by their URL. */
export type Certificates = { keyAt(url: string): Promise<KeyObject> };

type Kept = { key: KeyObject; from: Instant; to: Instant };

const MOST_KEPT = 16;
const MOST_FETCHING = 4;

/**
 * Keeps valid certificates only, until they run out. Calls for one URL share a fetch, and few run at a time: the URL comes from a
 * sender that is not trusted yet.
 */
export function createCertificates(deps: { fetchCertificate: FetchCertificate; now(): Instant }): Certificates {
  const kept = new Map<string, Kept>();
  const fetching = new Map<string, Promise<Kept>>();

  async function fetchOnce(url: string): Promise<Kept> {
    try {
      const certificate = readCertificate(await deps.fetchCertificate(url));
      assertValid(certificate, deps.now());
      const [oldest] = kept.keys();
      if (kept.size >= MOST_KEPT && oldest !== undefined) kept.delete(oldest);
      kept.set(url, certificate);
      return certificate;
    } finally {
      fetching.delete(url);
    }
  }

  return {
    async keyAt(url) {
      const known = kept.get(url);
      if (known !== undefined && isValid(known, deps.now())) return known.key;
      if (!fetching.has(url) && fetching.size >= MOST_FETCHING) {
        throw new AppError("unavailable", "cloudwatch: too many signing certificates are being read; send again");
      }
      const pending = fetching.get(url) ?? fetchOnce(url);
      fetching.set(url, pending);
      return (await pending).key;
    },
  };
}

function readCertificate(pem: string): Kept {
  try {
    const certificate = new X509Certificate(pem);
    const { publicKey: key } = certificate;
    if (key.asymmetricKeyType !== "rsa") throw new Error(`the key is ${key.asymmetricKeyType}, not RSA`);
    return { key, from: Date.parse(certificate.validFrom), to: Date.parse(certificate.validTo) };
  } catch (cause) {
    throw new AppError("unauthorized", "cloudwatch: the signing certificate cannot be read", { cause });
  }
}

function assertValid(certificate: Kept, now: Instant): void {
  if (!isValid(certificate, now)) {
    throw new AppError("unauthorized", "cloudwatch: the signing certificate is not valid at this time");
  }
}

function isValid({ from, to }: Kept, now: Instant): boolean {
  return from <= now && now <= to;
}
