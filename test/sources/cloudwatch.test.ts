import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { AppError } from "../../src/core/errors.ts";
import { createCloudWatch } from "../../src/sources/cloudwatch.ts";
import { describeSource, groupOf, refusalOf } from "./conformance.ts";
import { callWith, makeSigner, type SnsBody, signed } from "./sns.ts";

const fixture = (name: string) => readFileSync(new URL(`../fixtures/cloudwatch/${name}.json`, import.meta.url), "utf8");
const TOPIC = "arn:aws:sns:us-west-1:123456789012:alerts";
const CERTIFICATE_URL = "https://sns.us-west-1.amazonaws.com/SimpleNotificationService-0a1b2c3d.pem";
const signer = makeSigner();
const stranger = makeSigner();
const clock = { now: Date.now() };
const ago = (ms: number) => new Date(clock.now - ms).toISOString();
const MINUTE = 60_000;

type Options = { allowSignatureVersion1?: boolean; certificate?: () => Promise<string>; confirm?: () => Promise<void> };

function make(options: Options = {}) {
  const fetched: string[] = [];
  const confirmed: string[][] = [];
  const source = createCloudWatch(
    { topics: [TOPIC], allowSignatureVersion1: options.allowSignatureVersion1 ?? false },
    {
      now: () => clock.now,
      async fetchCertificate(url) {
        fetched.push(url);
        return options.certificate?.() ?? signer.certificate;
      },
      async confirmSubscription(...subscription) {
        confirmed.push(subscription);
        await options.confirm?.();
      },
    },
  );
  return { source, fetched, confirmed };
}

const notification = (changes: SnsBody = {}, message = fixture("metric")): SnsBody => ({
  Type: "Notification",
  MessageId: "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
  TopicArn: TOPIC,
  Subject: 'ALARM: "litellm-5xx" in US West (N. California)',
  Message: message,
  Timestamp: ago(MINUTE),
  SignatureVersion: "2",
  SigningCertURL: CERTIFICATE_URL,
  UnsubscribeURL: `https://sns.us-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=${TOPIC}:x`,
  ...changes,
});
const confirmation = (changes: SnsBody = {}): SnsBody => ({
  Type: "SubscriptionConfirmation",
  MessageId: "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
  Token: "2336412f37",
  TopicArn: TOPIC,
  Message: "You have chosen to subscribe to the topic.",
  SubscribeURL: "https://sns.us-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37",
  Timestamp: ago(MINUTE),
  SignatureVersion: "2",
  SigningCertURL: CERTIFICATE_URL,
  ...changes,
});
const ok = (message: string) => message.replace('"NewStateValue":"ALARM"', '"NewStateValue":"OK"');
const codeOf = async (body: SnsBody, options?: Options) =>
  (await refusalOf(() => make(options).source.receive(callWith(body)))).code;

describeSource("cloudwatch", () => {
  const re = (body: Buffer, change: (body: SnsBody) => SnsBody) => callWith(change(JSON.parse(body.toString())));
  return {
    source: make().source,
    firing: JSON.stringify(signed(notification(), signer)),
    resolved: JSON.stringify(signed(notification({}, ok(fixture("metric"))), signer)),
    call: (body) => callWith(body),
    refused: {
      "a forged signature": (body) => re(body, (good) => signed(good, stranger)),
      "a changed message": (body) => re(body, (good) => ({ ...good, Message: ok(good.Message ?? "") })),
      "a changed subject": (body) => re(body, (good) => ({ ...good, Subject: "x" })),
      "a dropped subject": (body) => re(body, ({ Subject: _, ...rest }) => rest),
      "a moved timestamp": (body) => re(body, (good) => ({ ...good, Timestamp: ago(0) })),
      "a replay after an hour": (body) => re(body, (good) => signed({ ...good, Timestamp: ago(61 * MINUTE) }, signer)),
      "a message from the future": (body) =>
        re(body, (good) => signed({ ...good, Timestamp: ago(-61 * MINUTE) }, signer)),
      "a foreign topic": (body) => re(body, (good) => signed({ ...good, TopicArn: `${TOPIC}2` }, signer)),
      "a topic of another account": (body) =>
        re(body, (good) => signed({ ...good, TopicArn: TOPIC.replace("1234", "9999") }, signer)),
      "signature version 1 unless allowed": (body) =>
        re(body, (good) => signed({ ...good, SignatureVersion: "1" }, signer)),
      "an unknown signature version": (body) => re(body, (good) => ({ ...good, SignatureVersion: "__proto__" })),
    },
  };
});

describe("SNS signatures", () => {
  it("are accepted in version 1 where it is allowed, and without a subject", async () => {
    const { source } = make({ allowSignatureVersion1: true });
    const { Subject: _, ...plain } = notification();
    for (const body of [notification({ SignatureVersion: "1" }), plain as SnsBody]) {
      assert.equal((await groupOf(source, callWith(signed(body, signer)))).alerts.length, 1);
    }
  });

  it("do not cover attributes, so nothing reads those", async () => {
    const body = { ...signed(notification(), signer), UnsubscribeURL: "https://evil.example/", MessageAttributes: "x" };
    assert.equal((await groupOf(make().source, callWith(body))).alerts.length, 1);
  });

  it("are only checked against certificates of SNS in the topic's region", async () => {
    const urls = [
      CERTIFICATE_URL.replace("https", "http"),
      CERTIFICATE_URL.replace("us-west-1", "us-east-1"),
      CERTIFICATE_URL.replace("amazonaws.com", "amazonaws.com.evil.example"),
      CERTIFICATE_URL.replace("sns.us", "evil.sns.us"),
      CERTIFICATE_URL.replace("https://", "https://user@"),
      CERTIFICATE_URL.replace(".com/", ".com:8443/"),
      CERTIFICATE_URL.replace(".com/", ".com@evil.example/"),
      CERTIFICATE_URL.replace("/Simple", "/x/../Simple"),
      CERTIFICATE_URL.replace("/Simple", "/bucket/Simple"),
      CERTIFICATE_URL.replace("/Simple", "\\Simple"),
      `${CERTIFICATE_URL}?x=.pem`,
      `${CERTIFICATE_URL}#x.pem`,
      `${CERTIFICATE_URL}\n`,
      `${CERTIFICATE_URL.slice(0, -4)}%2e.pem`,
      CERTIFICATE_URL.toUpperCase(),
      "https://sns.us-west-1.amazonaws.com/SimpleNotificationService-.pem",
    ];
    for (const SigningCertURL of urls) {
      const { source, fetched } = make();
      const call = callWith(signed(notification({ SigningCertURL }), signer));
      assert.equal((await refusalOf(() => source.receive(call))).code, "unauthorized", SigningCertURL);
      assert.deepEqual(fetched, [], SigningCertURL);
    }
  });

  it("need a certificate that is one, has an RSA key and is valid now", async () => {
    const body = signed(notification(), signer);
    const curve = makeSigner(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
    for (const pem of ["", "<html>404</html>", curve.certificate, stranger.key]) {
      assert.equal(await codeOf(body, { certificate: async () => pem }), "unauthorized");
    }
    clock.now += 3 * 24 * 60 * MINUTE;
    try {
      assert.equal(await codeOf(signed(notification(), signer)), "unauthorized");
    } finally {
      clock.now -= 3 * 24 * 60 * MINUTE;
    }
  });

  it("cost one fetch for many messages, also at once, and failures are not remembered", async () => {
    let answers = 0;
    const { source, fetched } = make({
      certificate: async () => {
        answers += 1;
        if (answers === 1) throw new AppError("unavailable", "down");
        return signer.certificate;
      },
    });
    const call = () => callWith(signed(notification(), signer));
    assert.equal((await refusalOf(() => source.receive(call()))).code, "unavailable");
    await Promise.all([groupOf(source, call()), groupOf(source, call()), groupOf(source, call())]);
    await groupOf(source, call());
    assert.equal(fetched.length, 2);
  });

  it("make only a few fetches at a time, whatever URLs strangers name", async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { source, fetched } = make({ certificate: () => gate.then(() => stranger.certificate) });
    const codes = Array.from({ length: 20 }, async (_, n) => {
      const body = notification({ SigningCertURL: CERTIFICATE_URL.replace("0a1b", `f${n}`) });
      return (await refusalOf(() => source.receive(callWith(signed(body, signer))))).code;
    });
    release();
    const refused = await Promise.all(codes);
    assert.equal(fetched.length, 4);
    assert.equal(refused.filter((code) => code === "unavailable").length, 16);
  });
});

describe("SNS subscriptions", () => {
  it("are confirmed through the SDK, never by their URL", async () => {
    const { source, confirmed, fetched } = make();
    const received = await source.receive(callWith(signed(confirmation(), signer)));
    assert.equal(received.kind, "handled");
    assert.deepEqual(confirmed, [[TOPIC, "2336412f37", "us-west-1"]]);
    assert.deepEqual(fetched, [CERTIFICATE_URL]);
  });

  it("are confirmed for listed topics with a good signature only", async () => {
    const { source, confirmed } = make();
    const bodies = [
      signed(confirmation({ TopicArn: `${TOPIC}-other` }), signer),
      signed(confirmation(), stranger),
      { ...signed(confirmation(), signer), Token: "another" },
      signed(confirmation({ Timestamp: ago(90 * MINUTE) }), signer),
    ];
    for (const body of bodies) {
      assert.equal((await refusalOf(() => source.receive(callWith(body)))).code, "unauthorized");
    }
    assert.deepEqual(confirmed, []);
  });

  it("are asked for again when SNS cannot be reached", async () => {
    const confirm = () => Promise.reject(new AppError("unavailable", "no route"));
    assert.equal(await codeOf(signed(confirmation(), signer), { confirm }), "unavailable");
  });

  it("may end, which is said and nothing more", async () => {
    const { source, confirmed } = make();
    const body = signed(confirmation({ Type: "UnsubscribeConfirmation" }), signer);
    const received = await source.receive(callWith(body));
    assert.match(received.kind === "handled" ? received.note : "", /has ended/);
    assert.deepEqual(confirmed, []);
  });

  it("with raw delivery are refused with the remedy", async () => {
    const { source } = make();
    const raw = callWith(Buffer.from(fixture("metric")));
    for (const call of [raw, callWith(signed(notification(), signer), { "x-amz-sns-rawdelivery": "true" })]) {
      const error = await refusalOf(() => source.receive(call));
      assert.equal(error.code, "invalid_request");
      assert.match(error.message, /raw message delivery/);
    }
  });
});
