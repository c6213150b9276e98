import type { AlertGroup } from "../core/alert.ts";
import type { SourceSettings } from "../core/config.ts";
import { AppError } from "../core/errors.ts";
import type { Received, Source } from "../core/source.ts";
import type { Instant } from "../core/time.ts";
import { type Alarm, alarmArn, alarmContributor, alarmGroup, alarmState, alarmTags } from "./alarm/alarm.ts";
import { metricsOf } from "./alarm/trigger.ts";
import { type Certificates, createCertificates, type FetchCertificate } from "./sns/certificates.ts";
import { type Envelope, parseEnvelope } from "./sns/envelope.ts";
import { isSignedBy } from "./sns/signature.ts";
import { isCertificateUrl, type Topic, topicOf } from "./sns/topic.ts";
import { headerOf } from "./webhook/auth.ts";
import { bodyText, isObject, parseObject, stringAt, textOf, unreadable } from "./webhook/fields.ts";
import { instantAt } from "./webhook/time.ts";

type Settings = NonNullable<SourceSettings["cloudwatch"]>;

/** What the source needs from outside; `confirmSubscription` throws AppError `unavailable` when it did not succeed. */
export type CloudWatchDeps = {
  now(): Instant;
  fetchCertificate: FetchCertificate;
  confirmSubscription(topicArn: string, token: string, region: string): Promise<void>;
};

/** SNS tries again for up to an hour; what is older, or as far in the future, is a replay or a wrong clock. */
const OLDEST_MESSAGE_MS = 60 * 60_000;

/** CloudWatch alarms through SNS: authenticated by the signature and the list of topics. */
export function createCloudWatch(settings: Settings, deps: CloudWatchDeps): Source {
  const certificates = createCertificates(deps);
  return {
    name: "cloudwatch",
    async receive({ headers, body }) {
      if (headerOf(headers, "x-amz-sns-rawdelivery") === "true") {
        throw unreadable("body", "raw message delivery carries no signature; turn it off for this subscription");
      }
      const envelope = parseEnvelope(bodyText(body));
      const topic = allowedTopic(settings, envelope);
      assertFresh(envelope, deps.now());
      await assertSigned(settings, certificates, envelope, topic);
      return receiveVerified(deps, envelope, topic);
    },
    parse: (body) => parseNotification(parseEnvelope(body)),
  };
}

function allowedTopic(settings: Settings, { topicArn }: Envelope): Topic {
  const topic = topicOf(topicArn);
  if (topic === undefined || !settings.topics.includes(topicArn)) {
    throw new AppError("unauthorized", "cloudwatch: the topic is not listed under sources.cloudwatch.topics");
  }
  return topic;
}

function assertFresh({ timestamp }: Envelope, now: Instant): void {
  const at = instantAt(timestamp, () => "Timestamp") ?? 0;
  if (Math.abs(now - at) > OLDEST_MESSAGE_MS) {
    throw new AppError("unauthorized", "cloudwatch: the message is more than an hour old, or the clocks differ");
  }
}

async function assertSigned(settings: Settings, certificates: Certificates, envelope: Envelope, topic: Topic) {
  if (envelope.signatureVersion === "1" && !settings.allowSignatureVersion1) {
    throw new AppError(
      "unauthorized",
      "cloudwatch: signature version 1 is SHA-1; set the topic's SignatureVersion to 2, or allow version 1",
    );
  }
  if (!isCertificateUrl(envelope.signingCertUrl, topic)) {
    throw new AppError("unauthorized", "cloudwatch: SigningCertURL is not a certificate of SNS in the topic's region");
  }
  const key = await certificates.keyAt(envelope.signingCertUrl);
  if (!isSignedBy(envelope, key))
    throw new AppError("unauthorized", "cloudwatch: the signature does not fit the message");
}

async function receiveVerified(deps: CloudWatchDeps, envelope: Envelope, topic: Topic): Promise<Received> {
  switch (envelope.type) {
    case "Notification":
      return { kind: "group", group: parseNotification(envelope) };
    case "SubscriptionConfirmation":
      await deps.confirmSubscription(envelope.topicArn, stringAt(envelope.token, "Token"), topic.region);
      return { kind: "handled", note: `the subscription to ${envelope.topicArn} is confirmed` };
    case "UnsubscribeConfirmation":
      return {
        kind: "handled",
        note: `the subscription to ${envelope.topicArn} has ended; subscribe again to get alarms`,
      };
    default:
      return envelope.type satisfies never;
  }
}

/** The `Message` of a notification is the alarm as JSON text. The region comes from the ARN: `Region` is a display name. */
function parseNotification({ type, message, topicArn }: Envelope): AlertGroup {
  if (type !== "Notification") throw unreadable("Type", "expected Notification");
  const body = parseObject(message, "Message");
  const name = stringAt(body.AlarmName, "Message.AlarmName");
  const at = instantAt(body.StateChangeTime, () => "Message.StateChangeTime");
  if (at === undefined) throw unreadable("Message.StateChangeTime", "expected a time");
  const topic = topicOf(topicArn);
  const place = { region: topic?.region ?? "", account: textOf(body.AWSAccountId) ?? topic?.account ?? "", name };
  const contributor = alarmContributor(body.AlarmContributorId, body.AlarmContributorAttributes);
  const alarm: Alarm = {
    name,
    ...(contributor !== undefined && { contributor }),
    arn: alarmArn(body.AlarmArn, place),
    state: alarmState(body.NewStateValue, "Message.NewStateValue"),
    at,
    metrics: metricsOf(body.Trigger),
    tags: alarmTags(body.AlarmTags),
    annotations: {
      summary: textOf(body.NewStateReason),
      description: textOf(body.AlarmDescription),
      threshold: thresholdOf(body.Trigger),
      alarm_rule: textOf(body.AlarmRule),
    },
  };
  return alarmGroup("cloudwatch", alarm);
}

function thresholdOf(trigger: unknown): string | undefined {
  return isObject(trigger) && typeof trigger.Threshold === "number" ? String(trigger.Threshold) : undefined;
}
