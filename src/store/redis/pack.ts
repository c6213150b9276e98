import type { Alert, SourceName } from "../../core/alert.ts";
import { contentHash } from "../content.ts";
import { ENDS_FLAG, STATUS } from "./accept-script.ts";

/** Which body: 12 bytes for its group, 16 for its digest. */
export type BodyKey = { source: SourceName; group: Buffer; digest: Buffer };

const ITEM_BYTES = 29;
const KEY_BYTES = 29;

/**
 * The first argument of the accept script: source, group and digest, then 29 bytes and the fingerprint per alert. One
 * buffer, because each argument of a command costs more than its bytes. Without alerts it only asks for a repeat.
 */
export function packBody({ source, group, digest }: BodyKey, alerts: readonly Alert[]): Buffer {
  let size = KEY_BYTES + source.length;
  for (const { fingerprint } of alerts) size += ITEM_BYTES + 3 * fingerprint.length;
  const packed = Buffer.allocUnsafe(size);
  packed[0] = source.length;
  let at = writeText(packed, source, 1);
  packed.set(group, at);
  packed.set(digest, at + 12);
  at += 28;
  for (const alert of alerts) at = packAlert(packed, at, alert);
  return packed.subarray(0, at);
}

function packAlert(packed: Buffer, start: number, alert: Alert): number {
  const [high, low] = contentHash(alert);
  packed[start] = STATUS[alert.status] + (alert.endsAt === undefined ? 0 : ENDS_FLAG);
  packed.writeDoubleBE(alert.startsAt, start + 1);
  packed.writeDoubleBE(alert.endsAt ?? 0, start + 9);
  packed.writeUInt32BE(high, start + 17);
  packed.writeUInt32BE(low, start + 21);
  const end = writeText(packed, alert.fingerprint, start + ITEM_BYTES);
  packed.writeUInt32BE(end - start - ITEM_BYTES, start + 25);
  return end;
}

/** Writes UTF-8 and returns where it ends. ASCII, which nearly all of it is, goes without a call into the runtime. */
function writeText(packed: Buffer, text: string, at: number): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 127) return at + packed.write(text, at);
    packed[at + i] = unit;
  }
  return at + text.length;
}
