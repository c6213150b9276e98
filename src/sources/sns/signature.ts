import { type KeyObject, verify } from "node:crypto";
import type { Envelope } from "./envelope.ts";

const ALGORITHMS: Readonly<Record<string, string>> = { "1": "RSA-SHA1", "2": "RSA-SHA256" };

/**
 * What SNS signs: `key\nvalue\n` lines in this order. MessageAttributes and UnsubscribeURL are not signed, so nothing reads them.
 * Source: "Verifying the signatures of Amazon SNS messages".
 */
export function signedText(envelope: Envelope): string {
  const { type, message, messageId, timestamp, topicArn, subject, subscribeUrl, token } = envelope;
  const pairs: readonly (readonly [string, string | undefined])[] =
    type === "Notification"
      ? [
          ["Message", message],
          ["MessageId", messageId],
          ["Subject", subject],
          ["Timestamp", timestamp],
          ["TopicArn", topicArn],
          ["Type", type],
        ]
      : [
          ["Message", message],
          ["MessageId", messageId],
          ["SubscribeURL", subscribeUrl],
          ["Timestamp", timestamp],
          ["Token", token],
          ["TopicArn", topicArn],
          ["Type", type],
        ];
  return pairs.map(([key, value]) => (value === undefined ? "" : `${key}\n${value}\n`)).join("");
}

/** Signature version 1 is RSA-SHA1, 2 is RSA-SHA256; false for any other. */
export function isSignedBy(envelope: Envelope, key: KeyObject): boolean {
  const { signatureVersion } = envelope;
  const algorithm = Object.hasOwn(ALGORITHMS, signatureVersion) ? ALGORITHMS[signatureVersion] : undefined;
  if (algorithm === undefined) return false;
  return verify(algorithm, Buffer.from(signedText(envelope)), key, Buffer.from(envelope.signature, "base64"));
}
