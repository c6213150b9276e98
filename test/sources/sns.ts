import { execFileSync } from "node:child_process";
import { sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A key and its self-signed certificate, made by the openssl command. */
export type Signer = { key: string; certificate: string };

export function makeSigner(algorithm: readonly string[] = ["-newkey", "rsa:2048"]): Signer {
  const folder = mkdtempSync(join(tmpdir(), "stanch-sns-"));
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const subject = ["-days", "2", "-subj", "/CN=sns.amazonaws.com"];
  try {
    execFileSync("openssl", ["req", "-x509", ...algorithm, "-nodes", "-keyout", key, "-out", certificate, ...subject], {
      stdio: "pipe",
    });
    return { key: readFileSync(key, "utf8"), certificate: readFileSync(certificate, "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export type SnsBody = Record<string, string>;

/** The keys that SNS signs, by the type of message, in its order. */
const SIGNED: Readonly<Record<string, string>> = {
  Notification: "Message MessageId Subject Timestamp TopicArn Type",
  SubscriptionConfirmation: "Message MessageId SubscribeURL Timestamp Token TopicArn Type",
  UnsubscribeConfirmation: "Message MessageId SubscribeURL Timestamp Token TopicArn Type",
};

/** Signs as SNS does: `key\nvalue\n` lines of the keys that are there. */
export function signed(body: SnsBody, signer: Signer): SnsBody {
  const keys = (SIGNED[body.Type ?? ""] ?? "").split(" ").filter((key) => body[key] !== undefined);
  const text = keys.map((key) => `${key}\n${body[key]}\n`).join("");
  const algorithm = body.SignatureVersion === "1" ? "sha1" : "sha256";
  return { ...body, Signature: sign(algorithm, Buffer.from(text), signer.key).toString("base64") };
}

export function callWith(body: SnsBody | Buffer, headers: Record<string, string> = {}) {
  return {
    headers: { "content-type": "text/plain; charset=UTF-8", ...headers },
    body: Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)),
  };
}
