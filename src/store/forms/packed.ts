import { deflateRawSync, inflateRawSync } from "node:zlib";

/** What a packed item begins with; JSON never does. It names the packing: raw deflate with `DICTIONARY`, in base64. */
const MARK = "z1 ";

/** Larger lists stay as they are: packing takes 10 µs for each KB, during which nothing else is done. */
const MOST = 256 * 1_024;

/**
 * What journals repeat, likeliest last. It is part of the stored form: what was packed with it can be read only with it, so that
 * another one needs another mark.
 */
const DICTIONARY = Buffer.from(
  '"retryAt":1,"reason":"timeout","reason":"unavailable","reason":"target_failed","message":"","unsent":true,"detail":"' +
    '{"type":"facts","at":1,"facts":{"error_rate":0.{"type":"branched","branch":"default"{"type":"rounds","items":[' +
    '{"type":"round","round":0,"phase":"waiting"{"type":"skipped","reason":"{"type":"unknown","question":"{"type":"answered",' +
    '"answer":"done"{"type":"cancelling","at":{"type":"reverting","prefix":"","group":"{"type":"resolved","at":' +
    '{"type":"refused","how":"expired"{"type":"granted","approvalId":"apr-","by":"","validUntil":{"type":"asked","approvalId":"apr-' +
    '","expiresAt":,"reason":"","validFor":900000,"covers":["sha256:"],"guards":[],"ahead":[{"path":"","uses":"' +
    '{"type":"inbox","at":,"taken":1}{"type":"waiting","at":,"reason":"rollout","path":"","until":' +
    '"state":"value","series":[{"labels":{},"value":{"type":"verifying","at":,"until":{"type":"checked","at":,"held":true,"values":["value 0."]}' +
    '{"type":"created","at":17,"id":"run-","playbook":"litellm-","playbookDigest":"","incidentId":"inc-","opening":1,"rung":0,' +
    '"trigger":"firing","by":"stanch","severity":"P1","autonomy":"auto","target":"ecs:","alsoTargets":[],"vars":{"cluster":"' +
    '},"facts":{},"alert":{"labels":{"alertname":"","severity":"critical","service":"","namespace":"","instance":""},"annotations":' +
    '{"summary":"","description":"","runbook_url":"https://"},"startsAt":17,"fingerprint":"","status":"firing"},' +
    '"alertId":"alertmanager-","alerts":[{"labels":{}],"labels":{"service":""},"incidentKey":"","doubtful":false,"truncated":false}' +
    '{"type":"started","at":,"path":"","handle":{},"until":{"type":"intent","at":17,"path":"","attempt":1,"epoch":1,"uses":"k8s.' +
    '","uses":"ecs.redeploy","uses":"settings.set","uses":"prometheus.query","uses":"http.check","effect":"disruptive",' +
    '"effect":"reversible","input":{"service":"","cluster":"","name":"","value":"target":""},"targets":[""],"before":{"value":""}}' +
    '{"type":"outcome","at":17,"path":"","outcome":"failed","outcome":"succeeded","output":{}}' +
    '{"type":"ended","at":17,"state":"failed","reason":"","state":"succeeded","reason":"all steps done"}',
);

/**
 * As many items in the place of these: the first holds them all, the others are empty, so that the list keeps its length and may be
 * appended to. Undefined where that would not be less, or is too much work.
 */
export function packItems(texts: readonly string[]): readonly string[] | undefined {
  const text = texts.join("\n");
  if (text.length > MOST) return undefined;
  const packed = deflateRawSync(text, { dictionary: DICTIONARY, windowBits: 13, memLevel: 6, chunkSize: 4_096 });
  const first = MARK + packed.toString("base64");
  if (first.length + texts.length > text.length) return undefined;
  return [first, ...texts.slice(1).fill("")];
}

/** The items that these stand for; a packed one is the first of its list. */
export function unpackItems(texts: readonly string[]): readonly string[] {
  const [first, ...rest] = texts;
  if (first === undefined || !first.startsWith(MARK)) return texts;
  const packed = Buffer.from(first.slice(MARK.length), "base64");
  const unpacked = inflateRawSync(packed, { dictionary: DICTIONARY }).toString().split("\n");
  return [...unpacked, ...rest.slice(unpacked.length - 1)];
}
