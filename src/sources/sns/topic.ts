/** Where a topic lives. */
export type Topic = { partition: string; region: string; account: string };

const TOPIC_ARN = /^arn:(aws(?:-cn|-us-gov)?):sns:([a-z0-9-]{1,32}):(\d{12}):[A-Za-z0-9_-]{1,256}(?:\.fifo)?$/;
const CERTIFICATE_PATH = /^\/SimpleNotificationService-[A-Za-z0-9]+\.pem$/;

/** Undefined when it is not the ARN of an SNS topic. */
export function topicOf(arn: string): Topic | undefined {
  const [, partition, region, account] = TOPIC_ARN.exec(arn) ?? [];
  if (partition === undefined || region === undefined || account === undefined) return undefined;
  return { partition, region, account };
}

/**
 * True only for `https://sns.REGION.amazonaws.com/SimpleNotificationService-….pem` of the topic's own region, spelt exactly so: no
 * port, user, query, fragment or other spelling of the same address.
 */
export function isCertificateUrl(url: string, topic: Topic): boolean {
  const domain = topic.partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";
  const origin = `https://sns.${topic.region}.${domain}`;
  return url.startsWith(`${origin}/`) && CERTIFICATE_PATH.test(url.slice(origin.length));
}
