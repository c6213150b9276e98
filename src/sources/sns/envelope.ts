import { parseObject, stringAt, textOf, unreadable } from "../webhook/fields.ts";

const TYPES = ["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"] as const;

/** The envelope that SNS posts, still unverified. All strings as sent, since the signature covers them. */
export type Envelope = {
  type: (typeof TYPES)[number];
  messageId: string;
  topicArn: string;
  message: string;
  timestamp: string;
  subject?: string;
  token?: string;
  subscribeUrl?: string;
  signatureVersion: string;
  signature: string;
  signingCertUrl: string;
};

/** @throws AppError `invalid_request` with the field's path; a body that is no envelope is most often raw message delivery. */
export function parseEnvelope(text: string): Envelope {
  const body = parseObject(text);
  const type = TYPES.find((known) => known === body.Type);
  if (type === undefined) {
    throw unreadable("Type", `expected ${TYPES.join(", ")}; turn raw message delivery of the subscription off`);
  }
  const [subject, token, subscribeUrl] = [body.Subject, body.Token, body.SubscribeURL].map(textOf);
  return {
    type,
    messageId: stringAt(body.MessageId, "MessageId"),
    topicArn: stringAt(body.TopicArn, "TopicArn"),
    message: stringAt(body.Message, "Message"),
    timestamp: stringAt(body.Timestamp, "Timestamp"),
    signatureVersion: stringAt(body.SignatureVersion, "SignatureVersion"),
    signature: stringAt(body.Signature, "Signature"),
    signingCertUrl: stringAt(body.SigningCertURL, "SigningCertURL"),
    ...(subject !== undefined && { subject }),
    ...(token !== undefined && { token }),
    ...(subscribeUrl !== undefined && { subscribeUrl }),
  };
}
