import { type Dispatcher, fetch } from "undici";
import { AppError } from "../../core/errors.ts";

const TIMEOUT_MS = 3000;
const LARGEST_CERTIFICATE = 64 * 1024;

/**
 * Reads a signing certificate whose URL `isCertificateUrl` has checked: 3 s, 64 KiB, no redirect, 200 only.
 * @throws AppError `unauthorized` for another answer, `unavailable` when the host cannot be reached.
 */
export async function fetchCertificate(url: string, dispatcher?: Dispatcher): Promise<string> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(url, { redirect: "error", signal, ...(dispatcher !== undefined && { dispatcher }) });
    if (response.status >= 500) throw new Error(`the answer was ${response.status}`);
    if (response.status !== 200) {
      throw new AppError("unauthorized", `cloudwatch: no signing certificate at ${url}: ${response.status}`);
    }
    return await readLimited(response.body ?? new Blob([]).stream());
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("unavailable", `cloudwatch: cannot read the signing certificate at ${url}; allow HTTPS to it`, {
      cause,
    });
  }
}

async function readLimited(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > LARGEST_CERTIFICATE)
      throw new AppError("unauthorized", "cloudwatch: the signing certificate is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * Confirms a subscription through the SDK; `SubscribeURL` is never fetched (CVE-2026-32096). Needs `sns:ConfirmSubscription`.
 * @throws AppError `unavailable` when SNS refuses or cannot be reached; SNS sends the confirmation again.
 */
export async function confirmSubscription(topicArn: string, token: string, region: string): Promise<void> {
  // Loaded when it is needed: most installations never confirm anything.
  const { SNSClient, ConfirmSubscriptionCommand } = await import("@aws-sdk/client-sns");
  const client = new SNSClient({
    region,
    maxAttempts: 2,
    requestHandler: { requestTimeout: TIMEOUT_MS, connectionTimeout: TIMEOUT_MS, throwOnRequestTimeout: true },
  });
  try {
    await client.send(new ConfirmSubscriptionCommand({ TopicArn: topicArn, Token: token }));
  } catch (cause) {
    throw new AppError(
      "unavailable",
      `cloudwatch: confirming the subscription to ${topicArn}: grant sns:ConfirmSubscription and check the network`,
      { cause },
    );
  } finally {
    client.destroy();
  }
}
